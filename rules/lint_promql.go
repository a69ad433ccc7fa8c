package rules

import (
	"slices"

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

// division finds a quotient whose divisor can be 0: 0 ÷ 0 is no number, and leaves the rule without an outcome just when
// there is no traffic.
func (l *linter) division(e expression) {
	parser.Inspect(e.root, func(n parser.Node, _ []parser.Node) error {
		b, ok := n.(*parser.BinaryExpr)
		if ok && (b.Op == parser.DIV || b.Op == parser.MOD) && !nonZero(b.RHS) {
			l.complain(Warning, "promql/division", l.part(e, b.RHS),
				"the divisor can be 0, and the quotient then is no number; write (… > 0), which leaves the series out instead")
		}
		return nil
	})
}

// nonZero says whether the expression is surely not 0.
func nonZero(e parser.Expr) bool {
	switch e := unparen(e).(type) {
	case *parser.NumberLiteral:
		return e.Val != 0
	case *parser.AggregateExpr:
		return nonZeroAggregate(e)
	case *parser.BinaryExpr:
		product := e.Op == parser.MUL || e.Op == parser.DIV
		return positive(e) || product && nonZero(e.LHS) && nonZero(e.RHS)
	}
	if c := callOf(e, "clamp_min"); c != nil {
		n, ok := unparen(c.Args[1]).(*parser.NumberLiteral)
		return ok && n.Val > 0
	}
	return constant(e)
}

func nonZeroAggregate(e *parser.AggregateExpr) bool {
	switch e.Op {
	case parser.COUNT, parser.GROUP:
		return true
	case parser.SUM, parser.MIN, parser.MAX, parser.AVG:
		return positive(e.Expr)
	}
	return false
}

// positive says whether a filter leaves only values above 0, or at least none that is 0.
func positive(e parser.Expr) bool {
	b, ok := unparen(e).(*parser.BinaryExpr)
	if !ok || b.ReturnBool {
		return false
	}
	n, ok := unparen(b.RHS).(*parser.NumberLiteral)
	if !ok {
		return false
	}
	switch b.Op {
	case parser.GTR:
		return n.Val >= 0
	case parser.GTE:
		return n.Val > 0
	case parser.NEQ:
		return n.Val == 0
	}
	return false
}

// part returns where a part of the expression stands.
func (l *linter) part(e expression, n parser.Node) span { return l.file.text.part(e.root, n) }
