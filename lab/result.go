package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Result is what a run of the demonstration found; result.json holds it.
type Result struct {
	Environment Environment `json:"environment"`
	// Arm is how the engines ran, Begin when the traffic began.
	Arm    string    `json:"arm"`
	Begin  time.Time `json:"begin"`
	Phases []Phase   `json:"phases"`
	// AsFound is the time until the loop's first change took effect, Stretches the end of each phase.
	AsFound   Stretch   `json:"as_found"`
	Stretches []Stretch `json:"stretches"`
	// Objectives are the promises and how they were kept in the last stretch.
	Objectives []ObjectiveResult `json:"objectives"`
	// Decisions are the journal, oldest first.
	Decisions []tuner.Decision `json:"decisions"`
	// Start and End are the effective settings before and after.
	Start settings.Values `json:"settings_at_start"`
	End   settings.Values `json:"settings_at_end"`
	// Instances are the generations that the live instances run at the end, Generation the document's.
	Instances  map[string]int64 `json:"instances"`
	Generation int64            `json:"generation"`
	Check      CheckResult      `json:"check"`
	// Whole are the phases from begin to end.
	Whole []Stretch `json:"whole"`
	// Seconds are the run second by second.
	Seconds []Second `json:"seconds"`
}

// Environment says on what a run ran.
type Environment struct {
	Kafka      string `json:"kafka"`
	Prometheus string `json:"prometheus"`
	Etcd       string `json:"etcd"`
	Go         string `json:"go"`
	CPUs       int    `json:"cpus"`
}

// Stretch is a named time with its figures.
type Stretch struct {
	Name string        `json:"name"`
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
	Figures
}

// ObjectiveResult is one promise at the end of a run.
type ObjectiveResult struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Max   float64 `json:"max"`
	Met   bool    `json:"met"`
}

func environment(k *Kafka, p *Prometheus, e *Etcd) Environment {
	return Environment{Kafka: k.What, Prometheus: p.What, Etcd: e.What, Go: runtime.Version(), CPUs: runtime.NumCPU()}
}

// Err returns nil if every objective was met at the end, every live instance runs the newest document, and nothing that
// was acknowledged is missing; and else an error that names each failure.
func (r Result) Err() error {
	var failed []error
	for _, o := range r.Objectives {
		if !o.Met {
			failed = append(failed, fmt.Errorf("objective %s is not met at the end: %.4g, at most %.4g", o.Name, o.Value, o.Max))
		}
	}
	for id, g := range r.Instances {
		if g != r.Generation {
			failed = append(failed, fmt.Errorf("instance %s runs generation %d, not %d", id, g, r.Generation))
		}
	}
	return errors.Join(append(failed, r.Check.Err())...)
}

// adopted says whether every live instance runs the newest document.
func (r Result) adopted() bool {
	for _, g := range r.Instances {
		if g != r.Generation {
			return false
		}
	}
	return true
}

// Write stores the result as JSON in file.
func (r Result) Write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil { //nolint:gosec // a report, made to be read by others
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

const tableFormat = "%-28s %9s %9s %10s %10s %11s\n"

// Table writes the comparison of the times as people read it.
func (r Result) Table(out io.Writer) {
	fmt.Fprintf(out, "\n"+tableFormat, "", "sent/s", "ok/s", "mean", "p99", "timeouts")
	for _, s := range append([]Stretch{r.AsFound}, r.Stretches...) {
		fmt.Fprintf(out, tableFormat, fmt.Sprintf("%s (%s-%s)", s.Name, seconds(s.From), seconds(s.To)),
			fmt.Sprintf("%.0f", s.PerSecond), fmt.Sprintf("%.0f", s.OKPerS), ms(s.MeanMs), ms(s.P99Ms), fmt.Sprintf("%.1f %%", s.TimeoutPct))
	}
	fmt.Fprintln(out)
	for _, c := range r.Start.Diff(r.End) {
		fmt.Fprintf(out, "  %s\n", c)
	}
	for _, o := range r.Objectives {
		met := "met"
		if !o.Met {
			met = "NOT MET"
		}
		fmt.Fprintf(out, "  %s: %.4g, at most %.4g: %s\n", o.Name, o.Value, o.Max, met)
	}
	fmt.Fprintf(out, "  %s\n", r.Check)
}
