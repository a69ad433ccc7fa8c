package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/veltrix/veltrix/lab"
)

// Result is what became of the traffic.
type Result struct {
	Began  time.Time `json:"began"`
	URLs   []string  `json:"urls"`
	Phases []Phase   `json:"phases"`
	// Seconds are the requests by the second in which they were due.
	Seconds []Second `json:"seconds"`
	// Errors are the unexpected answers by their class.
	Errors    map[string]int64 `json:"errors"`
	Followers Followers        `json:"followers"`
	// Check is what the leaderboards of all engines say of the claims that were acknowledged.
	Check lab.CheckResult `json:"check"`
}

// Phase is the requests of a phase.
type Phase struct {
	Name string  `json:"name"`
	Rate float64 `json:"rate"`
	lab.Figures
	Kinds map[Kind]lab.Figures `json:"kinds"`
}

// Second is the requests that were due in one second.
type Second struct {
	Second int    `json:"second"`
	Phase  string `json:"phase"`
	lab.Figures
}

// result sums up what was recorded, and looks for what was lost.
func (t *traffic) result(ctx context.Context) (Result, error) {
	r := Result{Began: t.begin, URLs: t.options.URLs, Errors: t.errors, Followers: t.followers.result()}
	var from time.Duration
	for _, p := range t.options.Phases {
		to := from + p.Duration
		phase := Phase{Name: p.Name, Rate: p.Rate, Figures: t.all.Between(from, to), Kinds: map[Kind]lab.Figures{}}
		for k, recorder := range t.byKind {
			if f := recorder.Between(from, to); f.Requests > 0 {
				phase.Kinds[k] = f
			}
		}
		r.Phases = append(r.Phases, phase)
		for at := from; at < to; at += time.Second {
			r.Seconds = append(r.Seconds, Second{Second: int(at / time.Second), Phase: p.Name, Figures: t.all.Between(at, at+time.Second)})
		}
		from = to
	}
	var err error
	r.Check, err = t.ledger.Check(t.options.URLs, t.game.board(ctx))
	if err != nil {
		err = fmt.Errorf("look whether a claim was lost: %w", err)
	}
	return r, err
}

// Limits are what the answers must keep.
type Limits struct {
	// P99 is the time within which 99 % of the claims of every phase are answered; no limit if 0.
	P99 time.Duration
	// FailedPercent is the share of requests that may time out, be turned away or dropped; no limit if negative.
	FailedPercent float64
}

// Err returns nil if no acknowledged claim was lost, no treasure has two winners, no answer was unexpected, and the limits
// were kept.
func (r Result) Err(l Limits) error {
	failed := []error{r.Check.Err()}
	if len(r.Errors) > 0 {
		failed = append(failed, fmt.Errorf("there were unexpected answers: %s", r.errorText()))
	}
	for _, p := range r.Phases {
		if got := p.Kinds[Claim].P99Ms; l.P99 > 0 && got > float64(l.P99.Microseconds())/1000 {
			failed = append(failed, fmt.Errorf("phase %s: the p99 of claims is %.1f ms, the limit is %v", p.Name, got, l.P99))
		}
		late := p.ByOutcome[lab.OutcomeTimeout] + p.ByOutcome[lab.OutcomeOverload] + p.ByOutcome[lab.OutcomeDropped]
		if share := 100 * float64(late) / float64(max(1, p.Requests)); l.FailedPercent >= 0 && share > l.FailedPercent {
			failed = append(failed, fmt.Errorf("phase %s: %.2f %% of the requests had no answer in time, the limit is %g %%", p.Name, share, l.FailedPercent))
		}
	}
	return errors.Join(failed...)
}

func (r Result) errorText() string {
	texts := make([]string, 0, len(r.Errors))
	for _, class := range slices.Sorted(maps.Keys(r.Errors)) {
		texts = append(texts, fmt.Sprintf("%d × %s", r.Errors[class], class))
	}
	return strings.Join(texts, ", ")
}

// WriteJSON writes the result as JSON.
func (r Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the result as tables.
func (r Result) WriteText(w io.Writer) error {
	row := func(name, kind string, f lab.Figures) {
		fmt.Fprintf(w, "%-10s %-12s %9d %9.1f %9.1f %9.1f %9.1f %9.1f %9d %9d %8d %8d\n", name, kind, f.Requests, f.OKPerS, f.MeanMs, f.P50Ms, f.P99Ms, f.MaxMs,
			f.Timeouts, f.ByOutcome[lab.OutcomeOverload], f.ByOutcome[lab.OutcomeError], f.ByOutcome[lab.OutcomeDropped])
	}
	fmt.Fprintf(w, "%-10s %-12s %9s %9s %9s %9s %9s %9s %9s %9s %8s %8s\n", "phase", "kind", "requests", "ok/s", "mean ms", "p50 ms", "p99 ms", "max ms", "timeouts", "overload", "errors", "dropped")
	for _, p := range r.Phases {
		row(p.Name, "all", p.Figures)
		for _, k := range kinds() {
			if f, there := p.Kinds[k]; there {
				row(p.Name, string(k), f)
			}
		}
	}
	if len(r.Errors) > 0 {
		fmt.Fprintf(w, "errors: %s\n", r.errorText())
	}
	f := r.Followers
	fmt.Fprintf(w, "%d streams: %d events, %d times broken, %d times refused, %d gaps\n", f.Streams, f.Events, f.Broken, f.Refused, f.Gaps)
	_, err := fmt.Fprintln(w, r.Check)
	return err
}
