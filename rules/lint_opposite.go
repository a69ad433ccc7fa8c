package rules

import (
	"github.com/veltrix/veltrix/tuner"
)

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
