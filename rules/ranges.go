package rules

import (
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// WithRange returns the expression with every range of a range selector replaced: packs are written with one range, so
// that a fast loop and a slow one share them. Subqueries keep theirs.
func WithRange(expr string, r time.Duration) (string, error) {
	e, err := parseExpr(expr)
	if err != nil {
		return "", fmt.Errorf("expression %s: %w", expr, err)
	}
	withRange(e, r)
	return e.String(), nil
}

// withRange changes the expression in place; 0 leaves it as it is.
func withRange(e parser.Expr, r time.Duration) {
	if r == 0 {
		return
	}
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if m, ok := n.(*parser.MatrixSelector); ok {
			m.Range, m.RangeExpr = r, nil
		}
		return nil
	})
}

// withOffset moves what the expression looks at into the past, in place, as an evaluation that much earlier would. What
// @ ties to a fixed time stays, and so does time().
func withOffset(n parser.Node, d time.Duration) {
	if d == 0 {
		return
	}
	switch x := n.(type) {
	case *parser.SubqueryExpr:
		// The subquery takes along what is within it.
		if x.Timestamp == nil && x.StartOrEnd == 0 {
			x.OriginalOffset, x.OriginalOffsetExpr = length(x.OriginalOffset, x.OriginalOffsetExpr)+d, nil
		}
		return
	case *parser.VectorSelector:
		if x.Timestamp == nil && x.StartOrEnd == 0 {
			x.OriginalOffset, x.OriginalOffsetExpr = length(x.OriginalOffset, x.OriginalOffsetExpr)+d, nil
		}
	}
	for c := range parser.ChildrenIter(n) {
		withOffset(c, d)
	}
}

// LongestRange returns how far back the expression looks: the longest range of its selectors and subqueries, with their
// offsets, nested ones added up. It is 0 for an expression that isn't PromQL.
func LongestRange(expr string) time.Duration {
	e, err := parseExpr(expr)
	if err != nil {
		return 0
	}
	return longestRange(e)
}

func longestRange(n parser.Node) time.Duration {
	var own, below time.Duration
	switch x := n.(type) {
	case *parser.MatrixSelector:
		own = length(x.Range, x.RangeExpr)
	case *parser.SubqueryExpr:
		own = length(x.Range, x.RangeExpr) + max(0, length(x.OriginalOffset, x.OriginalOffsetExpr))
	case *parser.VectorSelector:
		own = max(0, length(x.OriginalOffset, x.OriginalOffsetExpr))
	}
	for c := range parser.ChildrenIter(n) {
		below = max(below, longestRange(c))
	}
	return own + below
}

// length returns a duration that is a literal, or arithmetic of literals. One that depends on the query itself is 0.
func length(literal time.Duration, e *parser.DurationExpr) time.Duration {
	if e == nil {
		return literal
	}
	return time.Duration(fold(e) * float64(time.Second))
}

// fold computes arithmetic of durations, in seconds.
func fold(e parser.Expr) float64 {
	switch e := e.(type) {
	case *parser.NumberLiteral:
		return e.Val
	case *parser.ParenExpr:
		return fold(e.Expr)
	case *parser.DurationExpr:
		return foldBinary(e)
	}
	return 0
}

func foldBinary(e *parser.DurationExpr) float64 {
	left, right := fold(e.LHS), fold(e.RHS)
	switch {
	case e.Op == parser.ADD:
		return left + right
	case e.Op == parser.SUB:
		return left - right
	case e.Op == parser.MUL:
		return left * right
	case e.Op == parser.DIV && right != 0:
		return left / right
	case e.Op == parser.MIN_OF:
		return min(left, right)
	case e.Op == parser.MAX_OF:
		return max(left, right)
	}
	return 0
}
