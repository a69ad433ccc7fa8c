package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
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
