package lab

import (
	"fmt"
	"slices"

	"github.com/veltrix/veltrix/lab/report"
)

// Report is the comparison as a page to look at: the first round's arms in the plots, all rounds in the tables.
func (r ProofResult) Report() report.Page {
	page := report.Page{
		Title: "The same day, with and without the loop",
		Lead: fmt.Sprintf("On %s, with %s and %s; %d CPUs, which the players share. The objective: 99 %% of the claims within %.0f ms, at most %g %% timeouts.",
			r.Environment.Kafka, r.Environment.Prometheus, r.Environment.Etcd, r.Environment.CPUs, r.Promise.P99Ms, r.Promise.TimeoutPct),
		Bands: bands(r.Phases), Tables: []report.Table{r.table(), r.ratioTable()},
		Notes: []string{
			"stock is kafka-go's own Writer and Reader at their defaults under the same engine; veltrix begins with the same settings. hand is the static setting of the grid that is best over the whole day, oracle the best one for each phase, known beforehand.",
			"Requests are produce and fetch requests that reached the broker. To objective: from when on the objective is kept for five seconds. ± is half a 95 % confidence interval over the rounds.",
		},
	}
	for _, arm := range r.Arms {
		if arm.Of != "" {
			page.Notes = append(page.Notes, arm.Name+" is "+arm.Of+".")
		}
	}
	runs := r.firstRound()
	if len(runs) == 0 {
		return page
	}
	latency := report.Chart{Title: "99th percentile of a claim's latency", Unit: "ms", Log: true, Limit: r.Promise.P99Ms, LimitName: "objective", X: axis(runs[0])}
	answered := report.Chart{Title: "Answered claims", Unit: "/s", X: axis(runs[0])}
	asked := report.Chart{Title: "Requests to the broker", Unit: "/s", X: axis(runs[0])}
	for _, run := range runs {
		latency.Series = append(latency.Series, run.series(run.Arm, func(s Second) float64 { return s.P99Ms }))
		answered.Series = append(answered.Series, run.series(run.Arm, func(s Second) float64 { return s.OKPerS }))
		asked.Series = append(asked.Series, run.series(run.Arm, func(s Second) float64 { return float64(s.ProduceRequests + s.FetchRequests) }))
	}
	page.Charts = []report.Chart{latency, answered, asked}
	if i := slices.IndexFunc(runs, func(run Result) bool { return run.Arm == armVeltrix }); i >= 0 {
		page.Marks = runs[i].marks()
		page.Charts = append(page.Charts, runs[i].settingCharts(axis(runs[i]))...)
	}
	return page
}

// firstRound returns the first run of every arm, cut to the same length.
func (r ProofResult) firstRound() []Result {
	var runs []Result
	for _, run := range r.Runs {
		if !slices.ContainsFunc(runs, func(other Result) bool { return other.Arm == run.Arm }) {
			runs = append(runs, run)
		}
	}
	for i := range runs {
		for j := range runs {
			runs[i].Seconds = runs[i].Seconds[:min(len(runs[i].Seconds), len(runs[j].Seconds))]
		}
	}
	return runs
}

func (r ProofResult) table() report.Table {
	t := report.Table{Title: "Phases and arms", Head: []string{
		"phase, arm", "answered/s", "mean", "p50", "p99", "timeouts", "errors", "requests/s", "broker CPU", "to objective", "out of it", "changes", "reversals",
	}}
	for i, phase := range r.Phases {
		for _, arm := range r.Arms {
			if i >= len(arm.Phases) {
				continue
			}
			p := arm.Phases[i]
			to := "never"
			if p.ToObjective != nil {
				to = fmt.Sprintf("%.0f s", *p.ToObjective)
			}
			t.Rows = append(t.Rows, []string{
				phase.Name + ", " + arm.Name, p.within("throughput_per_s", p.Throughput), p.within("mean_ms", p.MeanMs) + " ms",
				fmt.Sprintf("%.0f ms", p.P50Ms), p.within("p99_ms", p.P99Ms) + " ms", p.within("timeouts", p.Timeouts), fmt.Sprintf("%.0f", p.Errors),
				p.within("broker_requests_per_s", p.Requests), fmt.Sprintf("%.1f s", p.BrokerCPU), to, p.within("seconds_out_of_objective", p.Out) + " s",
				fmt.Sprintf("%.1f", p.Changes), fmt.Sprintf("%.1f", p.Reversals),
			})
		}
	}
	return t
}

// within writes a figure with half its confidence interval, if there is one.
func (p PhaseScore) within(name string, v float64) string {
	if half, ok := p.Half95[name]; ok {
		return fmt.Sprintf("%.0f ± %.0f", v, half)
	}
	return fmt.Sprintf("%.0f", v)
}

func (r ProofResult) ratioTable() report.Table {
	t := report.Table{Title: "Ratios", Head: []string{"", ""}}
	for _, name := range sortedKeys(r.Ratios) {
		t.Rows = append(t.Rows, []string{name, fmt.Sprintf("%.3g", r.Ratios[name])})
	}
	return t
}
