package rules

import (
	"time"

	"github.com/veltrix/veltrix/tuner"
)

// The phases of a rule, see tuner.RuleState.
const (
	Inactive = "inactive"
	Pending  = "pending"
	Firing   = "firing"
)

// Evaluation is what a tick's answers say.
type Evaluation struct {
	// States are the rules' new states by their keys; those of rules that are gone are left out.
	States map[string]tuner.RuleState
	// Signals are the rules that fire and have a say in tuning, in the order of files, groups and rules.
	Signals []tuner.Signal
	// Rules are all rules, in that order, for people.
	Rules []RuleStatus
}

// Evaluate reads the answers to [Set.Queries] at now, and the states that the last evaluation returned. It modifies none
// of its arguments. A query that was not asked makes what needs it indeterminate.
//
// Pass the time for which the tick was planned, not the one at which it got to run: it is compared with for, and a tick
// that is late by a moment would count short. Less than a tenth of a tick is forgiven.
func (s *Set) Evaluate(now time.Time, states map[string]tuner.RuleState, results map[string]Result) Evaluation {
	out := Evaluation{States: make(map[string]tuner.RuleState, len(states))}
	for i := range s.groups {
		g := &s.groups[i]
		due := s.due(g, now, states)
		for j := range g.rules {
			e := evaluation{
				rule: &g.rules[j], group: g, tick: s.options.Interval, now: now,
				answers: answers{results: results, now: now, maxAge: s.options.MaxAge},
				state:   states[g.rules[j].key],
			}
			e.run(due)
			out.States[e.rule.key] = e.state
			out.Rules = append(out.Rules, e.status())
			if signal, ok := e.signal(); ok {
				out.Signals = append(out.Signals, signal)
			}
		}
	}
	return out
}

// evaluation is one rule at one tick.
type evaluation struct {
	rule    *compiledRule
	group   *compiledGroup
	tick    time.Duration
	now     time.Time
	answers answers

	state   tuner.RuleState
	verdict verdict // without an outcome if the group was not due
	guards  []GuardStatus
	actions []tuner.Action
}

func (e *evaluation) run(due bool) {
	if e.rule.rule.Mode == tuner.ModeOff {
		e.state = tuner.RuleState{Phase: Inactive}
		return
	}
	if e.state.Phase == "" {
		e.state.Phase = Inactive
	}
	if due {
		e.step()
	}
	if e.state.Phase == Firing {
		e.guards, e.actions = e.checkGuards(), e.computeActions()
	}
}

// step moves the rule's state on by one evaluation.
func (e *evaluation) step() {
	e.verdict = e.answers.judge(&e.rule.condition)
	switch e.verdict.outcome {
	case True:
		e.state.Value = e.verdict.value
		e.isTrue()
	case False:
		e.state.Value = e.verdict.value
		e.isFalse()
	case NoData, Indeterminate:
		e.isBlind()
	}
	e.state.LastEval = e.now
}

// isTrue counts the time since the last evaluation, if the condition was true then as well: blind time is left out, and
// of a gap, such as a restart, no more than one interval counts. Where for was raised meanwhile, the rule waits again.
func (e *evaluation) isTrue() {
	if e.state.Phase == Inactive {
		e.state.Phase, e.state.Held = Pending, 0
	} else if e.state.BlindSince.IsZero() {
		e.state.Held += e.passed()
	}
	e.state.BlindSince = time.Time{}
	e.state.LastTrue = e.now
	switch long := e.state.Held+e.tick/10 >= e.rule.rule.For; {
	case long && e.state.Phase == Pending:
		e.state.Phase, e.state.FiringSince = Firing, e.now
	case !long && e.state.Phase == Firing:
		e.state.Phase, e.state.FiringSince = Pending, time.Time{}
	}
}

// passed is how much time since the last evaluation counts.
func (e *evaluation) passed() time.Duration {
	passed := max(0, e.now.Sub(e.state.LastEval))
	if passed > e.group.interval+e.tick/2 {
		return e.group.interval
	}
	return passed
}

// isFalse ends the rule, unless it fires and its clear_expr or keep_firing_for says to go on.
func (e *evaluation) isFalse() {
	e.state.BlindSince = time.Time{}
	if e.state.Phase == Firing && e.goesOn() {
		return
	}
	e.end()
}

// goesOn says whether a firing rule fires on although its condition is false. As in Prometheus, keep_firing_for begins
// at the first evaluation that was not true, which is one interval after the last that was.
func (e *evaluation) goesOn() bool {
	if e.rule.clear.expr != "" && e.answers.judge(&e.rule.clear).outcome != True {
		return true
	}
	keep := e.rule.rule.KeepFiringFor
	return keep > 0 && e.now.Sub(e.state.LastTrue)-e.group.interval+e.tick/10 < keep
}

// isBlind keeps the phase. Only data that are missing, not data that are wrong, can end a rule, and only if it says so.
func (e *evaluation) isBlind() {
	since := e.state.BlindSince
	if since.IsZero() || since.After(e.now) {
		since = e.now
	}
	if e.verdict.outcome == NoData && e.rule.rule.OnMissing == MissingClear {
		e.isFalse()
	}
	e.state.BlindSince = since
}

func (e *evaluation) end() {
	e.state.Phase, e.state.Held, e.state.FiringSince = Inactive, 0, time.Time{}
}
