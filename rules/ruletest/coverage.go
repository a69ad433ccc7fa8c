package ruletest

import (
	"cmp"
	"slices"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// Transition is a change that a rule can go through.
type Transition string

// The transitions of a rule. One without for never pends.
const (
	Pends  Transition = "pends"
	Fires  Transition = "fires"
	Clears Transition = "clears" // from firing, or from pending, back to inactive
	Blinds Transition = "blind"
	Sees   Transition = "sees again" // from blind
)

// Coverage is which transitions of each rule were seen, by the rule's key.
type Coverage map[string]*RuleCoverage

// RuleCoverage is what was seen of one rule.
type RuleCoverage struct {
	Rule    string       `json:"rule"`
	Seen    []Transition `json:"seen"`
	Missing []Transition `json:"missing,omitempty"`
}

// note compares an evaluation with the states before it.
func (c Coverage) note(before map[string]tuner.RuleState, e rules.Evaluation) {
	for i := range e.Rules {
		r := &e.Rules[i]
		if r.Class == "" {
			continue
		}
		known := c[r.Key]
		if known == nil {
			known = &RuleCoverage{Rule: r.Rule, Missing: []Transition{Fires, Clears, Blinds, Sees}}
			if r.For > 0 {
				known.Missing = append([]Transition{Pends}, known.Missing...)
			}
			c[r.Key] = known
		}
		was, is := before[r.Key], r.RuleState
		from, to := cmp.Or(was.Phase, rules.Inactive), cmp.Or(is.Phase, rules.Inactive)
		if from != to {
			known.see(map[string]Transition{rules.Pending: Pends, rules.Firing: Fires, rules.Inactive: Clears}[to])
		}
		switch {
		case was.BlindSince.IsZero() && !is.BlindSince.IsZero():
			known.see(Blinds)
		case !was.BlindSince.IsZero() && is.BlindSince.IsZero():
			known.see(Sees)
		}
	}
}

func (r *RuleCoverage) see(t Transition) {
	if i := slices.Index(r.Missing, t); i >= 0 {
		r.Missing = slices.Delete(r.Missing, i, i+1)
		r.Seen = append(r.Seen, t)
	}
}

// Merge adds what other tests of the same rules have seen.
func (c Coverage) Merge(o Coverage) {
	for key, r := range o {
		if c[key] == nil {
			c[key] = &RuleCoverage{Rule: r.Rule, Seen: slices.Clone(r.Seen), Missing: slices.Clone(r.Missing)}
			continue
		}
		for _, t := range r.Seen {
			c[key].see(t)
		}
	}
}

// Percent is the share of the transitions that were seen, from 0 to 100.
func (c Coverage) Percent() float64 {
	seen, all := 0, 0
	for _, r := range c {
		seen += len(r.Seen)
		all += len(r.Seen) + len(r.Missing)
	}
	if all == 0 {
		return 100
	}
	return 100 * float64(seen) / float64(all)
}
