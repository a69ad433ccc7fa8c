package rules

import (
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

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
