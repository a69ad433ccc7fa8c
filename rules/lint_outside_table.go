package rules

import (
	"github.com/veltrix/veltrix/settings"
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
