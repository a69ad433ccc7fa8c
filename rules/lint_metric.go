package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/veltrix/veltrix/settings"
)

// unknownMetric finds a metric with a name like those of our own clients, engine and sidecar that none of them exports.
// Other names are not judged. It is a warning, because the clients may be newer than this program.
func (l *linter) unknownMetric(e expression) {
	selectors(e.root, func(vs *parser.VectorSelector) {
		name := metricName(vs)
		if _, ok := lookup(l.known, name); ok || family(name) == "" || l.recorded[name] {
			return
		}
		l.complain(Warning, "promql/unknown-metric", l.part(e, vs), "nothing that Veltrix ships exports %s; %s",
			name, suggestMetric(name, l.known))
	})
}

func suggestMetric(name string, known map[string]metric) string {
	var names []string
	for _, n := range slices.Sorted(maps.Keys(known)) {
		names = append(names, n)
		if known[n].kind == histogram {
			names = append(names, n+"_bucket", n+"_sum", n+"_count")
		}
	}
	if s := Suggest(name, names); strings.HasPrefix(s, "did you mean") {
		return s
	}
	return "see the metrics' page for their names"
}

// unknownSetting finds a selector of a setting that doesn't exist.
func (l *linter) unknownSetting(e expression) {
	selectors(e.root, func(vs *parser.VectorSelector) {
		if !strings.HasPrefix(metricName(vs), "veltrix_setting") {
			return
		}
		for _, m := range vs.LabelMatchers {
			if m.Name != "setting" || m.Type != labels.MatchEqual {
				continue
			}
			if _, ok := settings.Lookup(settings.Name(m.Value)); !ok && m.Value != "document" {
				l.complain(Error, "promql/unknown-setting", l.part(e, vs), "%q is no setting; %s", m.Value, Suggest(m.Value, known()))
			}
		}
	})
}

// rateOfGauge finds a rate of something that goes up and down.
func (l *linter) rateOfGauge(e expression) {
	parser.Inspect(e.root, func(n parser.Node, _ []parser.Node) error {
		expr, ok := n.(parser.Expr)
		if !ok {
			return nil
		}
		c := callOf(expr, "rate", "irate", "increase")
		if c == nil || expr != parser.Expr(c) || len(c.Args) != 1 {
			return nil
		}
		m, ok := c.Args[0].(*parser.MatrixSelector)
		if !ok {
			return nil
		}
		vs, ok := m.VectorSelector.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		if m, ok := lookup(l.known, metricName(vs)); ok && m.kind == gauge {
			l.complain(Error, "promql/rate-of-gauge", l.part(e, c), "%s is a gauge, and %s takes each fall of it for a restart; use deriv or delta",
				metricName(vs), c.Func.Name)
		}
		return nil
	})
}
