package rules

import (
	"fmt"
	"math"
	"time"

	"github.com/veltrix/veltrix/tuner"
)

// Sample is one series of an answer.
type Sample struct {
	Labels map[string]string `json:"labels,omitempty"`
	Value  float64           `json:"value"`
	// Time is when the sample was taken; zero if it is not known.
	Time time.Time `json:"time,omitzero"`
}

// Result is the answer to one query.
type Result struct {
	Samples []Sample
	// Err says that there is no answer: refused, timed out, not reached.
	Err error
}

// Outcome is what an answer says of a condition.
type Outcome string

// The outcomes.
const (
	True          Outcome = "true"
	False         Outcome = "false"
	NoData        Outcome = "no_data"
	Indeterminate Outcome = "indeterminate"
)

// one returns the only value of an answer, or the outcome that says why there is none.
func (r Result) one(now time.Time, maxAge time.Duration) (value float64, outcome Outcome, why string) {
	switch {
	case r.Err != nil:
		return 0, Indeterminate, r.Err.Error()
	case len(r.Samples) == 0:
		return 0, NoData, "no data"
	case len(r.Samples) > 1:
		return 0, Indeterminate, fmt.Sprintf("%d series instead of one; aggregate them", len(r.Samples))
	}
	s := r.Samples[0]
	switch age := now.Sub(s.Time); {
	case math.IsNaN(s.Value):
		return 0, Indeterminate, "NaN"
	case math.IsInf(s.Value, 0):
		return 0, Indeterminate, "infinite"
	case maxAge > 0 && !s.Time.IsZero() && age > maxAge:
		return 0, Indeterminate, fmt.Sprintf("the sample is %s old, at most %s counts", age.Round(time.Second), maxAge)
	}
	return s.Value, True, ""
}

// condition reads the answer to a query made by truth.
func (r Result) condition(now time.Time, maxAge time.Duration) (Outcome, string) {
	v, outcome, why := r.one(now, maxAge)
	if outcome == True && v == 0 {
		return False, ""
	}
	return outcome, why
}

// Reading returns the answer as a reading for the tuner: usable if it is one series with a finite value that is at most
// maxAge old at now; a maxAge of 0 accepts any age.
func Reading(r Result, now time.Time, maxAge time.Duration) tuner.Reading {
	v, outcome, why := r.one(now, maxAge)
	return tuner.Reading{Value: v, OK: outcome == True, Why: why}
}
