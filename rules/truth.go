package rules

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// truth returns the PromQL that gives 1 while the condition e is true, 0 while it is false, and nothing where data are
// missing; the package's documentation says how.
func truth(e parser.Expr) string {
	switch x := e.(type) {
	case *parser.ParenExpr:
		return truth(x.Expr)
	case *parser.BinaryExpr:
		switch {
		case x.Op.IsComparisonOperator():
			return comparison(x)
		case x.Op == parser.LAND:
			return fmt.Sprintf("(%s * %s%s)", truth(x.LHS), matching(x), truth(x.RHS))
		case x.Op == parser.LOR:
			l, r := truth(x.LHS), truth(x.RHS)
			// What is true on one side needs no data on the other.
			return fmt.Sprintf("((%s + %s%s) > bool 0 or (%s > 0) or (%s > 0))", l, matching(x), r, l, r)
		case x.Op == parser.LUNLESS:
			l := truth(x.LHS)
			// "unless" is about absence: without data on the right nothing is excluded.
			return fmt.Sprintf("((%s * %s(1 - %s)) or %s%s)", l, matching(x), truth(x.RHS), matching(x), l)
		}
	case *parser.Call:
		if there, ok := presence(x); ok {
			return fmt.Sprintf("(%s or 0 * count(%s))", x, there)
		}
	}
	if e.Type() == parser.ValueTypeScalar {
		return e.String()
	}
	return fmt.Sprintf("group(%s)", e)
}

// comparison returns 1 or 0, and NaN where one of its sides is NaN or infinite: a side that is no number makes the outcome
// indeterminate, while PromQL's own comparison with NaN is just false.
func comparison(x *parser.BinaryExpr) string {
	asBool := *x
	asBool.ReturnBool = true
	out := "(" + asBool.String() + ")"
	if m := x.VectorMatching; m != nil && m.Card != parser.CardOneToOne {
		return out // group_left and group_right can't be repeated for a sum
	}
	for _, side := range []parser.Expr{x.LHS, x.RHS} {
		if side.Type() == parser.ValueTypeVector {
			out += fmt.Sprintf(" + %s0 * (%s)", matching(x), side)
		}
	}
	return "(" + out + ")"
}

// presence returns what is there while an absent function returns nothing.
func presence(c *parser.Call) (string, bool) {
	switch c.Func.Name {
	case "absent":
		return c.Args[0].String(), true
	case "absent_over_time":
		return fmt.Sprintf("present_over_time(%s)", c.Args[0]), true
	}
	return "", false
}

// matching returns the operator's on or ignoring, for another operator between the same sides.
func matching(x *parser.BinaryExpr) string {
	m := x.VectorMatching
	switch {
	case m == nil, !m.On && len(m.MatchingLabels) == 0:
		return ""
	case m.On:
		return fmt.Sprintf("on (%s) ", strings.Join(m.MatchingLabels, ", "))
	}
	return fmt.Sprintf("ignoring (%s) ", strings.Join(m.MatchingLabels, ", "))
}

// shown returns the PromQL of the number by which people follow the condition: what the first comparison compares.
func shown(e parser.Expr) string {
	switch x := e.(type) {
	case *parser.ParenExpr:
		return shown(x.Expr)
	case *parser.BinaryExpr:
		if x.Op.IsComparisonOperator() && x.LHS.Type() == parser.ValueTypeScalar {
			return x.RHS.String()
		}
		if x.Op.IsComparisonOperator() || x.Op.IsSetOperator() {
			return shown(x.LHS)
		}
	}
	return e.String()
}
