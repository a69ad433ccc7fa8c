package rules

import (
	"github.com/prometheus/prometheus/promql/parser"
)

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
