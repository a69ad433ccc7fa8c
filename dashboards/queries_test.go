package dashboards_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

// exprs are the expressions of all panels and annotations.
func (s shipped) exprs() []string {
	all := s.marks()
	for _, p := range s.panels() {
		for _, q := range targets(p) {
			all = append(all, q.Expr)
		}
	}
	return all
}

// marks are the expressions of the annotations.
func (s shipped) marks() []string {
	var all []string
	for _, a := range s.Annotations.List {
		switch q := a.Target.(type) {
		case prometheus.Dataquery:
			all = append(all, q.Expr)
		case *prometheus.Dataquery:
			all = append(all, q.Expr)
		}
	}
	return all
}

// filled puts something in the place of every variable, as Grafana does before it asks.
func filled(expr string) string {
	return regexp.MustCompile(`\$[a-z_]+`).ReplaceAllStringFunc(expr, func(v string) string {
		if strings.HasPrefix(v, "$__") {
			return "1m"
		}
		return ".+"
	})
}

func parsed(t *testing.T, expr string) parser.Expr {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(filled(expr))
	require.NoError(t, err, expr)
	return e
}

// selectors are the vector selectors of an expression.
func selectors(e parser.Node) []*parser.VectorSelector {
	var all []*parser.VectorSelector
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			all = append(all, v)
		}
		return nil
	})
	return all
}

// D18: every expression parses, and every selector obeys the choice of job and instance.
func TestExpressionsParseAndObeyTheChoice(t *testing.T) {
	for _, s := range files(t) {
		require.NotEmpty(t, s.exprs())
		require.Len(t, s.marks(), 5)
		for _, expr := range s.exprs() {
			for _, v := range selectors(parsed(t, expr)) {
				require.NotEmpty(t, v.Name, expr)
				for _, label := range []string{"job", "instance"} {
					require.True(t, slices.ContainsFunc(v.LabelMatchers, func(m *labels.Matcher) bool {
						return m.Name == label && m.Type == labels.MatchRegexp && m.Value == ".+"
					}), "%s does not obey the choice of %s in %s", v.Name, label, expr)
				}
			}
		}
	}
}

// D19: rates are over the interval that fits the scrape, and a counter is looked at through a rate. An annotation compares
// with a step ago instead.
func TestCountersAreRates(t *testing.T) {
	for _, s := range files(t) {
		for _, p := range s.panels() {
			for _, q := range targets(p) {
				for _, m := range regexp.MustCompile(`(\w+)\([^()]*\[([^\]]*)\]`).FindAllStringSubmatch(q.Expr, -1) {
					if m[1] == "changes" {
						require.Equal(t, "$__range", m[2], q.Expr)
						continue
					}
					require.Equal(t, "$__rate_interval", m[2], q.Expr)
				}
				requireRates(t, q.Expr)
			}
		}
	}
}

func requireRates(t *testing.T, expr string) {
	t.Helper()
	parser.Inspect(parsed(t, expr), func(n parser.Node, path []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok || !strings.HasSuffix(v.Name, "_total") && !strings.HasSuffix(v.Name, "_bucket") {
			return nil
		}
		require.GreaterOrEqual(t, len(path), 2, expr)
		call, ok := path[len(path)-2].(*parser.Call)
		require.True(t, ok, "%s is looked at without a rate in %s", v.Name, expr)
		require.Contains(t, []string{"rate", "increase"}, call.Func.Name, expr)
		return nil
	})
}

// D20: a quantile works with native histograms and with classic ones.
func TestQuantilesTakeBothKindsOfHistograms(t *testing.T) {
	quantiles := 0
	for _, s := range files(t) {
		for _, expr := range s.exprs() {
			if !strings.Contains(expr, "histogram_quantile") {
				continue
			}
			quantiles++
			either, ok := parsed(t, expr).(*parser.BinaryExpr)
			require.True(t, ok, expr)
			require.Equal(t, "or", either.Op.String())
			native, classic := selectors(either.LHS), selectors(either.RHS)
			require.Len(t, native, 1)
			require.Len(t, classic, 1)
			require.Equal(t, native[0].Name+"_bucket", classic[0].Name)
			require.Contains(t, expr, "le)")
		}
	}
	require.Positive(t, quantiles)
}

// D21: no exemplars are asked for; a dashboard must look right without them.
func TestNoExemplarsAreNeeded(t *testing.T) {
	for _, s := range files(t) {
		require.NotContains(t, string(s.raw), `"exemplar": true`)
	}
}
