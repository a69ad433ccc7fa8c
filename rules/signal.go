package rules

import (
	"math"
	"time"

	"github.com/veltrix/veltrix/tuner"
)

// GuardStatus is what a firing rule's guard says. Only True lets the rule act.
type GuardStatus struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Value   float64 `json:"value"`
	// Why says what is missing or wrong if the outcome is neither true nor false.
	Why string `json:"why,omitempty"`
}

// RuleStatus is where a rule stands, for people. The state is that after the evaluation.
type RuleStatus struct {
	File  string `json:"file"`
	Group string `json:"group"` // file;group
	Rule  string `json:"rule"`
	// Key is the key of the rule's state.
	Key string `json:"key"`
	// Query is the condition as it is asked.
	Query       string            `json:"query"`
	Class       tuner.Class       `json:"class,omitempty"`
	Mode        tuner.Mode        `json:"mode"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	For         time.Duration     `json:"for"`
	// Outcome is that of the last evaluation; empty if the group was not due or the rule is off.
	Outcome Outcome `json:"outcome,omitempty"`
	// Why says what is missing or wrong with the answer.
	Why string `json:"why,omitempty"`
	// Blocked says what forbids a firing rule's actions now, empty if nothing does.
	Blocked string `json:"blocked,omitempty"`
	// Guards and Actions are those of a firing rule.
	Guards  []GuardStatus  `json:"guards,omitempty"`
	Actions []tuner.Action `json:"actions,omitempty"`

	tuner.RuleState
}

// signal returns what the tuner is told: of a rule that fires what it asks for, and of one that is blind and says so, that
// its change is to be taken back.
func (e *evaluation) signal() (tuner.Signal, bool) {
	r := e.rule.rule
	revert := e.reverts()
	if r.Class == "" || r.Mode == tuner.ModeOff || e.state.Phase != Firing && !revert {
		return tuner.Signal{}, false
	}
	return tuner.Signal{
		Rule: r.Alert, Group: e.group.name, Class: r.Class, Priority: r.Priority, Mode: r.Mode, Value: e.state.Value,
		Blocked: e.blocked(), Revert: revert, Actions: e.actions,
	}, true
}

// reverts says whether the rule asks for its change to be taken back: its data are missing, and were at the evaluation
// before. One scrape that went wrong undoes nothing.
func (e *evaluation) reverts() bool {
	return e.rule.rule.OnMissing == MissingRevert && e.verdict.outcome == NoData && e.state.BlindSince.Before(e.now)
}

// blind says whether the rule's last evaluation had no usable answer.
func (e *evaluation) blind() bool { return !e.state.BlindSince.IsZero() }

// blocked says what forbids the actions now: the rule's own blindness, or a guard that is not true. An interlock takes no
// action that could be wrong, so that its own blindness doesn't lift it.
func (e *evaluation) blocked() string {
	if e.blind() && e.rule.rule.Class != tuner.ClassInterlock {
		if e.verdict.why == "" {
			return "the condition had no usable answer when it was last asked"
		}
		return "the condition has no usable answer: " + e.verdict.why
	}
	for _, g := range e.guards {
		switch g.Outcome {
		case True:
		case False:
			return "guard " + g.Name + " does not hold"
		case NoData, Indeterminate:
			return "guard " + g.Name + " has no usable answer: " + g.Why
		}
	}
	return ""
}

func (e *evaluation) checkGuards() []GuardStatus {
	var all []GuardStatus
	for i := range e.rule.guards {
		v := e.answers.judge(&e.rule.guards[i])
		all = append(all, GuardStatus{Name: e.rule.rule.Guards[i].Name, Outcome: v.outcome, Value: v.value, Why: v.why})
	}
	return all
}

// computeActions evaluates the operands. One without a usable value makes its action blind.
func (e *evaluation) computeActions() []tuner.Action {
	var all []tuner.Action
	for i, a := range e.rule.rule.Actions {
		action := tuner.Action{Set: a.Set, Topic: a.Topic, Op: a.Op, Operand: a.Operand, Word: a.Word, Bound: a.Bound}
		if q := e.rule.operands[i]; q != "" {
			v := e.answers.number(q)
			action.Operand, action.Blind = v.value, v.outcome != True
			if a.Op == tuner.OpRatio {
				action.Operand = v.value / a.Target
			}
			if math.IsInf(action.Operand, 0) {
				action.Operand, action.Blind = 0, true
			}
		}
		all = append(all, action)
	}
	return all
}

func (e *evaluation) status() RuleStatus {
	r := e.rule.rule
	s := RuleStatus{
		File: e.group.file, Group: e.group.name, Rule: r.Alert, Key: e.rule.key, Query: e.rule.condition.expr,
		Class: r.Class, Mode: r.Mode, Labels: e.rule.labels, Annotations: r.Annotations, For: r.For,
		Outcome: e.verdict.outcome, Why: e.verdict.why, Guards: e.guards, Actions: e.actions, RuleState: e.state,
	}
	if e.state.Phase == Firing {
		s.Blocked = e.blocked()
	}
	return s
}
