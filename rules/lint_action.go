package rules

import (
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// outsideTable finds a bound that the table of settings makes meaningless.
func (l *linter) outsideTable() {
	for i := range l.rule.Actions {
		a := &l.rule.Actions[i]
		s, ok := settings.Lookup(a.Set)
		if !ok || s.Kind == settings.Enum {
			continue
		}
		if m := a.Bound.Max; m != nil && *m > s.Max {
			l.complain(Warning, "action/outside-table", l.at(a.node, "max"), "%s is never above %d; lower max to that or below", a.Set, s.Max)
		}
		if m := a.Bound.Min; m != nil && *m < s.Min {
			l.complain(Warning, "action/outside-table", l.at(a.node, "min"), "%s is never below %d; raise min to that or above", a.Set, s.Min)
		}
	}
}

// noBound finds a step that only the table stops.
func (l *linter) noBound() {
	for i := range l.rule.Actions {
		a := &l.rule.Actions[i]
		s, ok := settings.Lookup(a.Set)
		if !ok || s.Kind == settings.Enum || a.Op == tuner.OpTo {
			continue
		}
		way := a.way()
		if way == 0 && a.Expr == nil {
			continue // it doesn't move at all
		}
		if a.Bound.Max == nil && way >= 0 {
			l.complain(Warning, "action/no-bound", l.at(a.node, string(a.Op)), "nothing but the table's %d stops %s on its way up; add max", s.Max, a.Set)
		}
		if a.Bound.Min == nil && way <= 0 {
			l.complain(Warning, "action/no-bound", l.at(a.node, string(a.Op)), "nothing but the table's %d stops %s on its way down; add min", s.Min, a.Set)
		}
	}
}

// way is the direction in which an action moves its setting; 0 if that depends on what an expression gives.
func (a *Action) way() int {
	switch {
	case a.Op == tuner.OpMultiply && a.Operand > 1, a.Op == tuner.OpAdd && a.Operand > 0:
		return 1
	case a.Op == tuner.OpMultiply && a.Operand < 1, a.Op == tuner.OpAdd && a.Operand < 0:
		return -1
	}
	return 0
}

// noMove finds a step that goes nowhere.
func (l *linter) noMove() {
	for i := range l.rule.Actions {
		switch a := &l.rule.Actions[i]; {
		case a.Op == tuner.OpMultiply && a.Operand == 1:
			l.complain(Error, "action/no-move", l.at(a.node, "multiply"), "multiply: 1 never moves %s; write a factor above or below 1", a.Set)
		case a.Op == tuner.OpAdd && a.Operand == 0:
			l.complain(Error, "action/no-move", l.at(a.node, "add"), "add: 0 never moves %s; write a number above or below 0", a.Set)
		}
	}
}

// multiplyZero finds a factor for a setting that can be 0, where no factor moves it.
func (l *linter) multiplyZero() {
	for i := range l.rule.Actions {
		a := &l.rule.Actions[i]
		s, ok := settings.Lookup(a.Set)
		byFactor := a.Op == tuner.OpMultiply && a.Operand != 1 || a.Op == tuner.OpRatio
		if !ok || s.Kind == settings.Enum || !byFactor || s.Min > 0 || a.Bound.Min != nil && *a.Bound.Min > 0 {
			continue
		}
		l.complain(Warning, "action/multiply-zero", l.at(a.node, string(a.Op)),
			"%s can be 0, which counts as 1 for a factor; add min: 1, or use add or target", a.Set)
	}
}

// durability finds a step that would loosen a promise about records. The loop refuses it; only an operator may.
func (l *linter) durability() {
	for i := range l.rule.Actions {
		a := &l.rule.Actions[i]
		s, ok := settings.Lookup(a.Set)
		if !ok || s.Class != settings.Durability {
			continue
		}
		if a.Op == tuner.OpTo && s.Notch(settings.Word(a.Word)) > 0 || a.Op == tuner.OpAdd && a.Operand > 0 {
			l.complain(Error, "action/durability", l.at(a.node, string(a.Op)),
				"this loosens %s, which only an operator may, by name; remove the action", a.Set)
		}
	}
}

// opposites finds two rules of one group that pull a setting in opposite directions, with nothing that keeps them apart.
func (l *linter) opposites(g *Group, index int) {
	r := &g.Rules[index]
	for i := range g.Rules[:index] {
		other := &g.Rules[i]
		apart := other.Class != r.Class || other.Priority != r.Priority || len(other.Guards)+len(r.Guards) > 0
		if !r.Tunes() || apart {
			continue
		}
		for j := range r.Actions {
			if a := &r.Actions[j]; opposite(other, a) {
				l.complain(Warning, "action/opposite", l.at(a.node, string(a.Op)),
					"%s in line %d moves %s the other way; where both fire, the safer direction wins each time; give one of them a guard or a priority",
					other.Alert, other.Line, a.Set)
			}
		}
	}
}

// opposite says whether one of the rule's actions surely moves the same setting the other way.
func opposite(r *Rule, a *Action) bool {
	for i := range r.Actions {
		if o := &r.Actions[i]; o.Set == a.Set && o.Topic == a.Topic && o.way()*a.way() < 0 {
			return true
		}
	}
	return false
}
