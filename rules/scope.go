package rules

import (
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// ParseSelector reads the selector of an application, for example {job="hunt-engine"}.
func ParseSelector(s string) ([]*labels.Matcher, error) {
	if s == "" {
		return nil, nil
	}
	m, err := parser.NewParser(parser.Options{}).ParseMetricSelector(s)
	if err != nil {
		return nil, fmt.Errorf("selector %s: %w; write it as {label=\"value\"}", s, err)
	}
	return m, nil
}

// Scope adds the matchers to every selector of a PromQL expression, also in subqueries and on histograms. It fails if
// the expression is not PromQL, or if it asks for a label's other value by equality, so that it could never match.
func Scope(expr string, matchers []*labels.Matcher) (string, error) {
	e, err := parseExpr(expr)
	if err != nil {
		return "", fmt.Errorf("expression %s: %w", expr, err)
	}
	if err := scope(e, matchers); err != nil {
		return "", err
	}
	return e.String(), nil
}

// scope changes the expression in place.
func scope(e parser.Expr, matchers []*labels.Matcher) error {
	var contradiction error
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && contradiction == nil {
			contradiction = narrow(v, matchers)
		}
		return nil
	})
	return contradiction
}

func narrow(v *parser.VectorSelector, matchers []*labels.Matcher) error {
	for _, m := range matchers {
		present := false
		for _, own := range v.LabelMatchers {
			if own.Name != m.Name {
				continue
			}
			if own.Type == labels.MatchEqual && m.Type == labels.MatchEqual && own.Value != m.Value {
				return fmt.Errorf("%s asks for %s, but the selector of the configuration says %s: it could never match; remove the matcher", v, own, m)
			}
			present = present || own.Type == m.Type && own.Value == m.Value
		}
		if !present {
			v.LabelMatchers = append(v.LabelMatchers, m)
		}
	}
	return nil
}

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

// LongestRange returns how far back the expression looks: the longest range of its selectors and subqueries, nested ones
// added up. It is 0 for an expression that isn't PromQL.
func LongestRange(expr string) time.Duration {
	e, err := parseExpr(expr)
	if err != nil {
		return 0
	}
	return longestRange(e)
}

func longestRange(n parser.Node) time.Duration {
	var below time.Duration
	for c := range parser.ChildrenIter(n) {
		below = max(below, longestRange(c))
	}
	switch x := n.(type) {
	case *parser.MatrixSelector:
		return max(x.Range, below)
	case *parser.SubqueryExpr:
		return x.Range + below
	}
	return below
}
