package rules

import (
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

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
