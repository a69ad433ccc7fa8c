package rules

import (
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

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
