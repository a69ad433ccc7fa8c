package lab

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veltrix/veltrix/lab/report"
	"github.com/veltrix/veltrix/settings"
)

// Report is the run as a page to look at.
func (r Result) Report(p Promise) report.Page {
	page := report.Page{
		Title: "The treasure hunt engine under the loop",
		Lead: fmt.Sprintf("On %s, with %s and %s; %d CPUs. Claims are asked for at the phases' rates, whatever becomes of the earlier ones. %s.",
			r.Environment.Kafka, r.Environment.Prometheus, r.Environment.Etcd, r.Environment.CPUs, r.Check),
		Bands: bands(r.Phases), Marks: r.marks(),
	}
	x := axis(r)
	page.Charts = []report.Chart{
		{Title: "Latency of a claim", Unit: "ms", Log: true, Limit: p.P99Ms, LimitName: "objective of the 99th percentile", X: x, Series: []report.Series{
			r.series("99th percentile", func(s Second) float64 { return s.P99Ms }), r.series("mean", func(s Second) float64 { return s.MeanMs }),
		}},
		{Title: "Claims", Unit: "/s", X: x, Series: []report.Series{
			r.series("asked", func(s Second) float64 { return s.PerSecond }), r.series("answered", func(s Second) float64 { return s.OKPerS }),
			r.series("timed out", func(s Second) float64 { return float64(s.Timeouts) }),
		}},
		{Title: "Requests to the broker", Unit: "/s", X: x, Series: []report.Series{
			r.series("produce", func(s Second) float64 { return float64(s.ProduceRequests) }),
			r.series("fetch", func(s Second) float64 { return float64(s.FetchRequests) }),
		}},
	}
	page.Charts = append(page.Charts, r.settingCharts(x)...)
	page.Tables = []report.Table{r.table()}
	return page
}

func bands(phases []Phase) []report.Band {
	var all []report.Band
	from := 0.0
	for _, p := range phases {
		to := from + p.Duration.Seconds()
		all = append(all, report.Band{Name: p.Name, From: from, To: to})
		from = to
	}
	return all
}

func (r Result) marks() []report.Mark {
	var all []report.Mark
	for i, d := range r.Decisions {
		all = append(all, report.Mark{At: d.Time.Sub(r.Begin).Seconds(), Label: fmt.Sprint(i + 1), Text: d.String()})
	}
	return all
}

func axis(r Result) []float64 {
	x := make([]float64, len(r.Seconds))
	for i, s := range r.Seconds {
		x[i] = float64(s.At)
	}
	return x
}

// series is a figure of every second; where nothing was asked there is a gap.
func (r Result) series(name string, figure func(Second) float64) report.Series {
	s := report.Series{Name: name}
	for _, second := range r.Seconds {
		v := figure(second)
		if second.Requests == 0 {
			v = math.NaN()
		}
		s.Values = append(s.Values, v)
	}
	return s
}

// settingCharts has one chart for every setting that was moved.
func (r Result) settingCharts(x []float64) []report.Chart {
	var names []settings.Name
	for _, s := range r.Seconds {
		for name := range s.Settings {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var charts []report.Chart
	for _, name := range names {
		s := r.series("engine-1", func(second Second) float64 { return number(name, second.Settings[name]) })
		s.Step = true
		log := !slices.ContainsFunc(s.Values, func(v float64) bool { return v <= 0 }) // from 1000 to 5 is no line to see else
		charts = append(charts, report.Chart{Title: string(name), Log: log, X: x, Series: []report.Series{s}})
	}
	return charts
}

func (r Result) table() report.Table {
	t := report.Table{Title: "In figures", Head: []string{"", "asked/s", "answered/s", "mean", "p50", "p99", "timeouts", "errors"}}
	for _, s := range append([]Stretch{r.AsFound}, append(slices.Clone(r.Whole), renamed("end of ", r.Stretches)...)...) {
		t.Rows = append(t.Rows, []string{
			fmt.Sprintf("%s (%s – %s)", s.Name, s.From.Round(time.Second), s.To.Round(time.Second)), fmt.Sprintf("%.0f", s.PerSecond),
			fmt.Sprintf("%.0f", s.OKPerS), ms(s.MeanMs), ms(s.P50Ms), ms(s.P99Ms), fmt.Sprintf("%d", s.Timeouts), fmt.Sprint(s.failures()),
		})
	}
	return t
}

func renamed(prefix string, stretches []Stretch) []Stretch {
	all := slices.Clone(stretches)
	for i := range all {
		all[i].Name = prefix + all[i].Name
	}
	return all
}
