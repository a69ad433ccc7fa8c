package rules

import (
	"github.com/prometheus/prometheus/promql/parser"
)

// rateOfGauge finds a rate of something that goes up and down.
func (l *linter) rateOfGauge(e expression) {
	parser.Inspect(e.root, func(n parser.Node, _ []parser.Node) error {
		expr, ok := n.(parser.Expr)
		if !ok {
			return nil
		}
		c := callOf(expr, "rate", "irate", "increase")
		if c == nil || expr != parser.Expr(c) || len(c.Args) != 1 {
			return nil
		}
		m, ok := c.Args[0].(*parser.MatrixSelector)
		if !ok {
			return nil
		}
		vs, ok := m.VectorSelector.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		if m, ok := lookup(l.known, metricName(vs)); ok && m.kind == gauge {
			l.complain(Error, "promql/rate-of-gauge", l.part(e, c), "%s is a gauge, and %s takes each fall of it for a restart; use deriv or delta",
				metricName(vs), c.Func.Name)
		}
		return nil
	})
}
