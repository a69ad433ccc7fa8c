package rules

import (
	"github.com/veltrix/veltrix/tuner"
)

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
