package rules

import (
	"time"

	"github.com/veltrix/veltrix/settings"
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

// RuleStatus is where a rule stands, for people.
type RuleStatus struct {
	File  string `json:"file"`
	Group string `json:"group"`
	Rule  string `json:"rule"`
	// Query is the condition as it was asked.
	Query       string            `json:"query"`
	Class       tuner.Class       `json:"class,omitempty"`
	Mode        tuner.Mode        `json:"mode"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	For         time.Duration     `json:"for"`
	// Outcome is that of the last evaluation; empty if the group was not due.
	Outcome Outcome `json:"outcome,omitempty"`
	// Why says what is missing or wrong with the answer.
	Why   string          `json:"why,omitempty"`
	State tuner.RuleState `json:"state"`
	// Blocked names the guard that forbids the actions now.
	Blocked string `json:"blocked,omitempty"`
	// Actions are what the rule asks for while it fires.
	Actions []tuner.Action `json:"actions,omitempty"`
}

// Evaluate reads the answers to Queries at now. It modifies none of its arguments. A query without an answer counts as one
// without data.
func (s *Set) Evaluate(now time.Time, states map[string]tuner.RuleState, results map[string]Result) Evaluation {
	out := Evaluation{States: make(map[string]tuner.RuleState, len(states))}
	for i := range s.groups {
		g := &s.groups[i]
		due := s.due(g, now, states)
		for j := range g.rules {
			r := &g.rules[j]
			e := evaluation{set: s, rule: r, now: now, results: results, state: states[r.key]}
			if due && r.rule.Mode != tuner.ModeOff {
				e.step()
			}
			out.States[r.key] = e.state
			out.Rules = append(out.Rules, e.status(g))
			if signal, ok := e.signal(g, due); ok {
				out.Signals = append(out.Signals, signal)
			}
		}
	}
	return out
}

// evaluation is one rule at one tick.
type evaluation struct {
	set     *Set
	rule    *compiledRule
	now     time.Time
	results map[string]Result
	state   tuner.RuleState

	outcome Outcome
	why     string
}

// step moves the rule's state on by one evaluation.
func (e *evaluation) step() {
	if e.state.Phase == "" {
		e.state.Phase = Inactive
	}
	e.outcome, e.why = e.results[e.rule.condition].condition(e.now, e.set.options.MaxAge)
	if v, ok, _ := e.results[e.rule.shown].one(e.now, e.set.options.MaxAge); ok == True {
		e.state.Value = v
	}
	switch e.outcome {
	case True:
		e.isTrue()
	case False:
		e.isFalse()
	case NoData, Indeterminate:
		e.isBlind()
	}
	e.state.LastEval = e.now
}

// isTrue counts the time since the last evaluation, if that was true as well: blind time is left out, and of a long gap,
// such as a restart, no more than two ticks count.
func (e *evaluation) isTrue() {
	r := e.rule.rule
	if e.state.Phase == Inactive {
		e.state.Phase, e.state.Held = Pending, 0
	} else if e.state.BlindSince.IsZero() {
		e.state.Held += min(e.now.Sub(e.state.LastEval), e.longestGap())
	}
	e.state.BlindSince = time.Time{}
	e.state.LastTrue = e.now
	if e.state.Phase == Pending && e.state.Held >= r.For {
		e.state.Phase, e.state.FiringSince = Firing, e.now
	}
}

func (e *evaluation) longestGap() time.Duration { return 2 * e.set.options.Interval }

// isFalse ends the rule, unless it fires and its clear_expr or keep_firing_for says to go on.
func (e *evaluation) isFalse() {
	e.state.BlindSince = time.Time{}
	if e.state.Phase == Firing {
		if e.rule.clear != "" {
			if cleared, _ := e.results[e.rule.clear].condition(e.now, e.set.options.MaxAge); cleared != True {
				return
			}
		}
		if keep := e.rule.rule.KeepFiringFor; keep > 0 && e.now.Sub(e.state.LastTrue) < keep {
			return
		}
	}
	e.end()
}

// isBlind keeps the phase; only data that are missing, not data that are wrong, can end a rule, and only if it says so.
func (e *evaluation) isBlind() {
	if e.state.BlindSince.IsZero() {
		e.state.BlindSince = e.now
	}
	if e.outcome == NoData && e.rule.rule.OnMissing == MissingClear {
		blind := e.state.BlindSince
		e.end()
		e.state.BlindSince = blind
	}
}

func (e *evaluation) end() {
	e.state.Phase, e.state.Held = Inactive, 0
	e.state.FiringSince, e.state.BlindSince = time.Time{}, time.Time{}
}

// signal returns what the tuner is told. A group that is not due has no fresh answers and asks for nothing, but its
// interlocks stand.
func (e *evaluation) signal(g *compiledGroup, due bool) (tuner.Signal, bool) {
	r := e.rule.rule
	if e.state.Phase != Firing || r.Class == "" || r.Mode == tuner.ModeOff || !due && r.Class != tuner.ClassInterlock {
		return tuner.Signal{}, false
	}
	s := tuner.Signal{
		Rule: r.Alert, Group: g.name, Class: r.Class, Priority: r.Priority, Mode: r.Mode, Value: e.state.Value,
		Blocked: e.blocked(), Actions: e.actions(),
	}
	s.Revert = r.OnMissing == MissingRevert && e.outcome == NoData
	return s, true
}

// blocked says what forbids the actions now: the rule's own blindness, or a guard that is not true.
func (e *evaluation) blocked() string {
	if e.outcome == NoData || e.outcome == Indeterminate {
		return "the condition has no usable answer: " + e.why
	}
	for i, q := range e.rule.guards {
		name := e.rule.rule.Guards[i].Name
		switch outcome, why := e.results[q].condition(e.now, e.set.options.MaxAge); outcome {
		case True:
		case False:
			return "guard " + name + " does not hold"
		case NoData, Indeterminate:
			return "guard " + name + " has no usable answer: " + why
		}
	}
	return ""
}

func (e *evaluation) actions() []tuner.Action {
	var all []tuner.Action
	for i, a := range e.rule.rule.Actions {
		action := tuner.Action{Set: a.Set, Topic: a.Topic, Op: a.Op, Operand: a.Operand, Word: a.Word, Bound: a.Bound}
		if q := e.rule.operands[i]; q != "" {
			v, outcome, _ := e.results[q].one(e.now, e.set.options.MaxAge)
			action.Operand, action.Blind = v, outcome != True
			if a.Op == tuner.OpRatio {
				action.Operand = v / a.Target
			}
		}
		all = append(all, action)
	}
	return all
}

func (e *evaluation) status(g *compiledGroup) RuleStatus {
	r := e.rule.rule
	s := RuleStatus{
		File: g.file, Group: g.name, Rule: r.Alert, Query: r.Expr.String(), Class: r.Class, Mode: r.Mode,
		Labels: e.rule.labels, Annotations: e.rule.annots, For: r.For,
		Outcome: e.outcome, Why: e.why, State: e.state,
	}
	if e.state.Phase == Firing {
		s.Blocked, s.Actions = e.blocked(), e.actions()
	}
	return s
}

// Settings returns the settings that the set's rules can move, sorted by the table's order.
func (s *Set) Settings() []settings.Name {
	values := settings.Values{}
	for i := range s.groups {
		for j := range s.groups[i].rules {
			for _, a := range s.groups[i].rules[j].rule.Actions {
				values[a.Set] = settings.Number(0)
			}
		}
	}
	return values.Names()
}
