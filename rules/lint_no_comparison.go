package rules

import (
	"github.com/prometheus/prometheus/promql/parser"
)

// noComparison finds a condition that is true whenever there are data: one that compares nothing, or that compares with
// bool at its top, which gives 0 instead of nothing.
func (l *linter) noComparison(e expression) {
	if !e.condition || decides(e.root) {
		return
	}
	top := unparen(e.root)
	if b, ok := top.(*parser.BinaryExpr); ok && b.ReturnBool {
		l.complain(Warning, "promql/no-comparison", l.part(e, top), "with bool %s gives 0 instead of nothing, which is as true as 1, as in Prometheus; remove bool", e.what)
		return
	}
	l.complain(Warning, "promql/no-comparison", l.part(e, top), "%s compares nothing, so that it is true whenever it has data; add a comparison", e.what)
}

// decides says whether a condition compares something, or tests for existence on purpose.
func decides(e parser.Expr) bool {
	if callOf(e, "absent", "absent_over_time") != nil {
		return true
	}
	b, ok := unparen(e).(*parser.BinaryExpr)
	if !ok {
		return false
	}
	switch {
	case b.Op.IsComparisonOperator():
		return !b.ReturnBool
	case b.Op == parser.LOR:
		return decides(b.LHS) && decides(b.RHS)
	case b.Op == parser.LAND, b.Op == parser.LUNLESS:
		return true
	}
	return false
}
