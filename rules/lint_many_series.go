package rules

import (
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// manySeries finds an expression that can give several series where one is needed.
func (l *linter) manySeries(e expression) {
	if !e.one || single(e.root) {
		return
	}
	l.complain(Warning, "promql/many-series", l.part(e, e.root),
		"%s can give several series, and then it can't be used; aggregate it, for example by max(…) or sum(…)", e.what)
}

// single says whether the expression surely gives at most one series.
func single(e parser.Expr) bool {
	switch e := unparen(e).(type) {
	case *parser.NumberLiteral:
		return true
	case *parser.UnaryExpr:
		return single(e.Expr)
	case *parser.AggregateExpr:
		return bare(e) || len(e.Grouping) > 0 && !e.Without && !selective(e.Op) && single(e.Expr)
	case *parser.Call:
		return singleCall(e)
	case *parser.SubqueryExpr:
		return single(e.Expr)
	case *parser.BinaryExpr:
		return singleBinary(e)
	}
	return false
}

// bare says whether the expression gives at most one series, and that one without labels.
func bare(e parser.Expr) bool {
	switch e := unparen(e).(type) {
	case *parser.AggregateExpr:
		return len(e.Grouping) == 0 && !e.Without && !selective(e.Op)
	case *parser.BinaryExpr:
		return !e.Op.IsSetOperator() && (bare(e.LHS) || constant(e.LHS)) && (bare(e.RHS) || constant(e.RHS))
	}
	return callOf(e, "vector") != nil
}

// selective says whether an aggregation keeps several series.
func selective(op parser.ItemType) bool {
	return slices.Contains([]parser.ItemType{parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO, parser.COUNT_VALUES}, op)
}

func singleCall(c *parser.Call) bool {
	if c.Type() == parser.ValueTypeScalar || callOf(c, "absent", "absent_over_time", "vector") != nil {
		return true
	}
	for _, arg := range c.Args {
		if t := arg.Type(); t != parser.ValueTypeVector && t != parser.ValueTypeMatrix {
			continue
		}
		if callOf(c, "histogram_quantile") != nil && byBucket(arg) {
			continue
		}
		if !single(arg) {
			return false
		}
	}
	return len(c.Args) > 0
}

// byBucket says whether the expression is one classic histogram: an aggregation by le alone.
func byBucket(e parser.Expr) bool {
	a, ok := unparen(e).(*parser.AggregateExpr)
	return ok && !a.Without && slices.Equal(a.Grouping, []string{"le"})
}

func singleBinary(b *parser.BinaryExpr) bool {
	left, right := b.LHS.Type() == parser.ValueTypeVector, b.RHS.Type() == parser.ValueTypeVector
	switch {
	case b.Op == parser.LOR:
		return bare(b.LHS) && bare(b.RHS)
	case b.Op == parser.LAND, b.Op == parser.LUNLESS:
		return single(b.LHS)
	case left && right:
		oneToOne := b.VectorMatching == nil || b.VectorMatching.Card == parser.CardOneToOne
		return single(b.LHS) && single(b.RHS) || oneToOne && (single(b.LHS) || single(b.RHS))
	case left:
		return single(b.LHS)
	case right:
		return single(b.RHS)
	}
	return true
}
