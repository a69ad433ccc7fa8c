package rules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
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

// Outcome is what the answers say of a condition.
type Outcome string

// The outcomes.
const (
	True          Outcome = "true"
	False         Outcome = "false"
	NoData        Outcome = "no_data"
	Indeterminate Outcome = "indeterminate"
)

// verdict is an outcome with its value, if it has one, and what is missing or wrong otherwise.
type verdict struct {
	outcome Outcome
	value   float64
	why     string
}

// answers are the results of a tick, by query.
type answers struct {
	results map[string]Result
	now     time.Time
	maxAge  time.Duration
}

// judge says what the answers come to for the condition.
func (a answers) judge(c *condition) verdict {
	if fault := a.fault(c.expr, c.many); fault != "" {
		return verdict{outcome: Indeterminate, why: fault}
	}
	if len(a.results[c.expr].Samples) == 0 {
		return a.judgeEmpty(c)
	}
	return a.judgeTrue(c)
}

// judgeTrue looks for what speaks against a condition that returns something.
func (a answers) judgeTrue(c *condition) verdict {
	for _, s := range c.sights {
		samples := a.results[s.expr].Samples
		if s.excluded || s.needed && !c.many {
			if fault := a.fault(s.expr, false); fault != "" {
				return verdict{outcome: Indeterminate, why: fault}
			}
		}
		switch {
		case s.excluded && len(samples) == 0:
			return verdict{outcome: NoData, why: noData(s.expr)}
		case s.carrier && s.needed && !c.many && len(samples) > 1:
			return verdict{outcome: Indeterminate, why: tooMany(s.expr, len(samples))}
		}
	}
	samples := a.results[c.expr].Samples
	if len(samples) > 1 && !c.many {
		return verdict{outcome: Indeterminate, why: tooMany(c.expr, len(samples))}
	}
	return verdict{outcome: True, value: firstFinite(samples)}
}

// judgeEmpty says whether a condition that returns nothing is false: it is if there are data for each of its parts.
func (a answers) judgeEmpty(c *condition) verdict {
	out := verdict{outcome: False}
	for _, s := range c.sights {
		if fault := a.fault(s.expr, false); fault != "" {
			return verdict{outcome: Indeterminate, why: fault}
		}
		samples := a.results[s.expr].Samples
		switch {
		case s.carrier && !c.many && len(samples) > 1:
			return verdict{outcome: Indeterminate, why: tooMany(s.expr, len(samples))}
		case len(samples) == 0 && out.outcome == False:
			out.outcome, out.why = NoData, noData(s.expr)
		case len(samples) > 0 && s.carrier && out.value == 0:
			out.value = samples[0].Value
		}
	}
	return out
}

// fault says why an answer can't be used, whatever it says. With oneIsEnough it
// can be if one of its series can.
func (a answers) fault(query string, oneIsEnough bool) string {
	r, asked := a.results[query]
	switch {
	case !asked:
		return "not asked: " + shorten(query)
	case r.Err != nil:
		return fmt.Sprintf("%s: %s", r.Err, shorten(query))
	}
	var fault string
	for i := range r.Samples {
		bad := a.flaw(r.Samples[i])
		if bad == "" && oneIsEnough {
			return ""
		}
		if bad != "" && fault == "" {
			fault = bad + ": " + shorten(query)
		}
	}
	return fault
}

// flaw says why a sample can't be used.
func (a answers) flaw(s Sample) string {
	switch age := a.now.Sub(s.Time); {
	case math.IsNaN(s.Value):
		return "NaN"
	case math.IsInf(s.Value, 0):
		return "infinite"
	case a.maxAge > 0 && !s.Time.IsZero() && age > a.maxAge:
		return fmt.Sprintf("the sample is %s old, at most %s counts", age.Round(time.Second), a.maxAge)
	}
	return ""
}

// number reads an answer that must be one value.
func (a answers) number(query string) verdict {
	if fault := a.fault(query, false); fault != "" {
		return verdict{outcome: Indeterminate, why: fault}
	}
	switch samples := a.results[query].Samples; len(samples) {
	case 0:
		return verdict{outcome: NoData, why: noData(query)}
	case 1:
		return verdict{outcome: True, value: samples[0].Value}
	default:
		return verdict{outcome: Indeterminate, why: tooMany(query, len(samples))}
	}
}

func noData(query string) string { return "no data: " + shorten(query) }

func tooMany(query string, n int) string {
	return fmt.Sprintf("%d series instead of one, aggregate them: %s", n, shorten(query))
}

// firstFinite returns the value of the first usable series in the order of their labels, so that the same answer gives
// the same value in whatever order its series come.
func firstFinite(samples []Sample) float64 {
	var value float64
	first := ""
	for _, s := range samples {
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			continue
		}
		if key := labelKey(s.Labels) + "\xff"; first == "" || key < first {
			first, value = key, s.Value
		}
	}
	return value
}

func labelKey(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(name + "\xff" + labels[name] + "\xff")
	}
	return b.String()
}

// Reading returns the answer as a reading for the tuner: usable if it is one series with a finite value that is at most
// maxAge old at now; a maxAge of 0 accepts any age.
func Reading(r Result, now time.Time, maxAge time.Duration) tuner.Reading {
	a := answers{now: now, maxAge: maxAge}
	switch {
	case r.Err != nil:
		return tuner.Reading{Why: r.Err.Error()}
	case len(r.Samples) == 0:
		return tuner.Reading{Why: "no data"}
	case len(r.Samples) > 1:
		return tuner.Reading{Why: fmt.Sprintf("%d series instead of one; aggregate them", len(r.Samples))}
	}
	if flaw := a.flaw(r.Samples[0]); flaw != "" {
		return tuner.Reading{Why: flaw}
	}
	return tuner.Reading{Value: r.Samples[0].Value, OK: true}
}
