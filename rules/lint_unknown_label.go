package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// unknownLabel finds a matcher or a grouping by a label that our metric doesn't have, and another of its family does, or whose
// name is nearly one of its own. Other labels may be the target's, and are not judged. It is a warning, because the clients may be
// newer than this program.
func (l *linter) unknownLabel(e expression) {
	parser.Inspect(e.root, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			l.unknownMatcher(e, n)
		case *parser.AggregateExpr:
			l.unknownGrouping(e, n)
		}
		return nil
	})
}

func (l *linter) unknownMatcher(e expression, vs *parser.VectorSelector) {
	m, ok := lookup(l.known, metricName(vs))
	if !ok {
		return
	}
	for _, matcher := range vs.LabelMatchers {
		if matcher.Name == model.MetricNameLabel || matcher.Matches("") || m.has(matcher.Name) {
			continue
		}
		if vocabulary(metricName(vs), l.known)[matcher.Name] || misspelt(matcher.Name, m) {
			l.complain(Warning, "promql/unknown-label", l.part(e, vs), "%s has no label %s, so that %s matches nothing; it has %s",
				metricName(vs), matcher.Name, matcher, strings.Join(slices.Concat(m.fixed, m.labels), ", "))
		}
	}
}

// misspelt says whether a label is nearly one of the metric's.
func misspelt(label string, m metric) bool {
	return strings.HasPrefix(Suggest(label, slices.Concat(m.fixed, m.labels)), "did you mean")
}

func (l *linter) unknownGrouping(e expression, a *parser.AggregateExpr) {
	if a.Without {
		return
	}
	inner := labelsOf(a.Expr, l.known)
	for _, label := range a.Grouping {
		if !inner.lacks(label) {
			continue
		}
		has := "no label at all"
		if len(inner.there) > 0 {
			has = strings.Join(slices.Sorted(maps.Keys(inner.there)), ", ")
		}
		l.complain(Warning, "promql/unknown-label", l.part(e, a), "what is aggregated by %s has no such label; it has %s", label, has)
	}
}
