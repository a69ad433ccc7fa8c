package dashboards_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/process"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store/memory"
)

// exported returns the labels of every metric that engine and sidecar export, by its name, as their registries say.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	clients := process.NewRegistry()
	runtime, err := live.NewRuntime(live.RuntimeOptions{App: "hunt", Registerer: clients})
	require.NoError(t, err)
	game, err := engine.New(engine.Options{Runtime: runtime, Instance: "one", Brokers: []string{"127.0.0.1:9"}, Registerer: clients})
	require.NoError(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	t.Cleanup(func() { require.NoError(t, game.Run(ended)) })
	consumer, err := live.NewConsumer(live.ConsumerOptions{Runtime: runtime, Brokers: []string{"127.0.0.1:9"}, Group: "g", Topics: []string{"t"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, consumer.Close(context.Background())) })

	loop := process.NewRegistry()
	file := filepath.Join(t.TempDir(), "veltrix.yml")
	require.NoError(t, os.WriteFile(file, []byte(`{app: hunt, prometheus: {url: "http://localhost:1"}, etcd: {endpoints: [http://localhost:1]},
  rule_files: [pack:kafka-producer], load: load, objectives: [{name: p99, expr: latency, max: 1}]}`), 0o600))
	config, err := sidecar.LoadConfig(file)
	require.NoError(t, err)
	_, err = sidecar.New(sidecar.Options{Config: config, ID: "one", Store: memory.New(memory.Options{App: "hunt"}), Registerer: loop, Gatherer: loop})
	require.NoError(t, err)
	all := described(t, clients)
	maps.Copy(all, described(t, loop))
	require.Greater(t, len(all), 50)
	return all
}

// described reads names and labels from what a registry describes.
func described(t *testing.T, r *prometheus.Registry) map[string][]string {
	t.Helper()
	descs := make(chan *prometheus.Desc, 1000)
	r.Describe(descs)
	close(descs)
	all := map[string][]string{}
	form := regexp.MustCompile(`^Desc\{fqName: "([^"]+)", .*, constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)
	for d := range descs {
		m := form.FindStringSubmatch(d.String())
		require.NotNil(t, m, d.String())
		labels := []string{"job", "instance"} // Prometheus adds them
		for l := range strings.SplitSeq(m[2], ",") {
			name, _, _ := strings.Cut(l, "=")
			labels = append(labels, name)
		}
		all[m[1]] = append(labels, strings.Split(m[3], ",")...)
	}
	return all
}

// lookup finds a series' metric; a histogram has three series more.
func lookup(all map[string][]string, series string) ([]string, bool) {
	if l, ok := all[series]; ok {
		return l, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if l, ok := all[strings.TrimSuffix(series, suffix)]; ok && strings.HasSuffix(series, suffix) {
			return append(slices.Clone(l), "le"), true
		}
	}
	return nil, false
}

// D22: every metric that is asked for is exported, with every label that is asked for.
func TestEveryMetricAndLabelIsExported(t *testing.T) {
	all := exported(t)
	for _, s := range files(t) {
		exprs := s.exprs()
		for _, v := range s.Templating.List[1:] {
			m := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(*v.Query.String)
			exprs = append(exprs, "count by ("+m[2]+") ("+strings.ReplaceAll(m[1], `__name__=~"veltrix_leader|veltrix_settings_generation"`, `__name__="veltrix_leader"`)+")")
		}
		for _, expr := range exprs {
			e := parsed(t, expr)
			labels := map[string]bool{}
			for _, v := range selectors(e) {
				known, ok := lookup(all, metricName(v))
				require.True(t, ok, "nothing exports %s, which is asked for in %s", v, expr)
				for _, m := range v.LabelMatchers {
					require.Contains(t, append(known, "__name__"), m.Name, expr)
				}
				for _, k := range known {
					labels[k] = true
				}
			}
			for _, g := range grouped(e) {
				require.True(t, labels[g], "no metric has the label %s, which is asked for in %s", g, expr)
			}
		}
	}
}

func metricName(v *parser.VectorSelector) string {
	for _, m := range v.LabelMatchers {
		if m.Name == "__name__" {
			return m.Value
		}
	}
	return v.Name
}

// grouped are the labels by which an expression groups.
func grouped(e parser.Node) []string {
	var all []string
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok {
			all = append(all, a.Grouping...)
		}
		return nil
	})
	return all
}

// The legends show labels that the series have.
func TestLegendsShowLabelsThatExist(t *testing.T) {
	shown := regexp.MustCompile(`\{\{(\w+)\}\}`)
	for _, s := range files(t) {
		for _, p := range s.panels() {
			for _, q := range targets(p) {
				for _, m := range shown.FindAllStringSubmatch(*q.LegendFormat, -1) {
					require.Contains(t, grouped(parsed(t, q.Expr)), m[1], "%s: %s", *p.Title, q.Expr)
				}
			}
		}
	}
}
