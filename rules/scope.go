package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// ParseSelector reads the selector of an application, for example {job="hunt-engine"}; the braces may be left out. An
// empty one gives no matchers. A metric's name is refused: it would be added to every metric of every expression.
func ParseSelector(s string) ([]*labels.Matcher, error) {
	text := strings.TrimSpace(s)
	if text == "" || text == "{}" {
		return nil, nil
	}
	if !strings.Contains(text, "{") {
		text = "{" + text + "}"
	}
	m, err := newParser().ParseMetricSelector(text)
	if err != nil {
		return nil, fmt.Errorf("selector %s: %w; write it as {label=\"value\"}", s, err)
	}
	if slices.ContainsFunc(m, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel }) {
		return nil, fmt.Errorf("selector %s: it names a metric, but it is added to every metric; write it as {label=\"value\"}", s)
	}
	return m, nil
}

// Scope adds the matchers to every selector of a PromQL expression, also in subqueries, on histograms and in the arguments
// of functions. A matcher that is there already is not repeated. It fails if the expression is not PromQL, or if one of
// its selectors contradicts a matcher, so that it could never match.
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

// scope changes the expression in place. Its errors are contradictions, joined.
func scope(e parser.Expr, matchers []*labels.Matcher) error {
	var errs []error
	index := -1
	selectors(e, func(v *parser.VectorSelector) {
		index++
		if own, m := clash(v, matchers); own != nil {
			errs = append(errs, &contradiction{selector: v, index: index, text: fmt.Sprintf(
				"%s can't be true together with %s of the configured selector, so nothing would ever match; remove the matcher, or add scope: none to look outside the application", own, m)})
			return
		}
		for _, m := range matchers {
			if !slices.ContainsFunc(v.LabelMatchers, func(own *labels.Matcher) bool { return same(own, m) }) {
				v.LabelMatchers = append(v.LabelMatchers, m)
			}
		}
	})
	return errors.Join(errs...)
}

// contradiction is a selector that contradicts the scope.
type contradiction struct {
	selector *parser.VectorSelector
	index    int // of the selector in its expression
	text     string
}

func (c *contradiction) Error() string { return c.selector.String() + ": " + c.text }

// clash returns a matcher of the selector's own that excludes one of the others, with that one. Two patterns, and two
// negations, are never known to exclude each other.
func clash(v *parser.VectorSelector, matchers []*labels.Matcher) (own, other *labels.Matcher) {
	for _, m := range matchers {
		for _, o := range v.LabelMatchers {
			if o.Name == m.Name && (o.Type == labels.MatchEqual && !m.Matches(o.Value) || m.Type == labels.MatchEqual && !o.Matches(m.Value)) {
				return o, m
			}
		}
	}
	return nil, nil
}

func same(a, b *labels.Matcher) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Value == b.Value
}
