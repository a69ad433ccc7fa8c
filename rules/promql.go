package rules

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// newParser returns Prometheus's own parser. It accepts what any Prometheus may have switched on: whether a given
// server has, only that server knows.
func newParser() parser.Parser {
	return parser.NewParser(parser.Options{EnableExperimentalFunctions: true, EnableBinopFillModifiers: true})
}

// parseExpr returns a fresh tree of the expression, which the caller may modify.
func parseExpr(text string) (parser.Expr, error) {
	return newParser().ParseExpr(text)
}

// unparen takes the parentheses off an expression.
func unparen(e parser.Expr) parser.Expr {
	for {
		p, ok := e.(*parser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

// constant says whether the expression is a number that is written down.
func constant(e parser.Expr) bool {
	switch e := unparen(e).(type) {
	case *parser.NumberLiteral:
		return true
	case *parser.UnaryExpr:
		return constant(e.Expr)
	case *parser.BinaryExpr:
		return constant(e.LHS) && constant(e.RHS)
	case *parser.Call:
		return e.Func != nil && e.Func.Name == "pi"
	}
	return false
}

// callOf returns the function call that the expression is, nil if it is none of the named ones.
func callOf(e parser.Expr, names ...string) *parser.Call {
	call, ok := unparen(e).(*parser.Call)
	if !ok || call.Func == nil {
		return nil
	}
	if !slices.Contains(names, call.Func.Name) {
		return nil
	}
	return call
}

// selectors calls f for every vector selector within the node, in the order of the text.
func selectors(root parser.Node, f func(*parser.VectorSelector)) {
	parser.Inspect(root, func(n parser.Node, _ []parser.Node) error {
		if vs, ok := n.(*parser.VectorSelector); ok {
			f(vs)
		}
		return nil
	})
}

// metricName returns the name that the selector asks for, empty if it does not ask for exactly one.
func metricName(vs *parser.VectorSelector) string {
	if vs.Name != "" {
		return vs.Name
	}
	for _, m := range vs.LabelMatchers {
		if m != nil && m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}

// shorten cuts a text for a message.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
