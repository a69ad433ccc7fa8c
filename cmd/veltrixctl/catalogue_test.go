package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store/memory"
)

// The catalogue of metrics, by which the lints judge names and labels, is what the registries of the live client, the engine and
// the sidecar say. go generate ./rules writes it anew.
func TestTheCatalogueIsWhatIsExported(t *testing.T) {
	lines := slices.Concat(exported(t, clients(t)), exported(t, loop(t)))
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(strings.Fields(a)[1], strings.Fields(b)[1]) })
	want := "# Written by go generate ./rules: type, name, labels with one value for each client, other labels.\n" + strings.Join(lines, "")
	const file = "../../rules/catalogue.txt"
	if os.Getenv("REWRITE_CATALOGUE") == "1" {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run go generate ./rules")
}

// clients is the registry of an application with a producer and a consumer.
func clients(t *testing.T) *prometheus.Registry {
	t.Helper()
	reg := prometheus.NewRegistry()
	runtime, err := live.NewRuntime(live.RuntimeOptions{App: "hunt", Registerer: reg})
	require.NoError(t, err)
	game, err := engine.New(engine.Options{Runtime: runtime, Instance: "one", Brokers: []string{"127.0.0.1:9"}, Registerer: reg})
	require.NoError(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	t.Cleanup(func() { require.NoError(t, game.Run(ended)) })
	consumer, err := live.NewConsumer(live.ConsumerOptions{Runtime: runtime, Brokers: []string{"127.0.0.1:9"}, Group: "g", Topics: []string{"t"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, consumer.Close(context.WithoutCancel(t.Context()))) })
	return reg
}

// always answers every query.
type always struct{}

func (always) Query(_ context.Context, _ string, at time.Time) rules.Result {
	return rules.Result{Samples: []rules.Sample{{Value: 1, Time: at}}}
}

// loop is the registry of a sidecar that has been through a tick.
func loop(t *testing.T) *prometheus.Registry {
	t.Helper()
	reg := prometheus.NewRegistry()
	file := filepath.Join(t.TempDir(), "veltrix.yml")
	require.NoError(t, os.WriteFile(file, []byte(`{app: hunt, interval: 1s, prometheus: {url: "http://localhost:1"}, etcd: {endpoints: [http://localhost:1]},
  rule_files: [pack:kafka-producer], load: load, objectives: [{name: p99, expr: latency, max: 2}, {name: rate, expr: served, min: 0.5}]}`), 0o600))
	config, err := sidecar.LoadConfig(file)
	require.NoError(t, err)
	s, err := sidecar.New(sidecar.Options{
		Config: config, ID: "one", Store: memory.New(memory.Options{App: "hunt"}), Prometheus: always{}, Registerer: reg, Gatherer: reg,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	require.Eventually(t, func() bool { return types(t, reg)["veltrix_rule_state"] != "" }, 30*time.Second, 10*time.Millisecond)
	cancel()
	<-ended
	return reg
}

// types returns the types of the metrics that have a series.
func types(t *testing.T, reg *prometheus.Registry) map[string]string {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	known := map[string]string{}
	for _, f := range families {
		known[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	return known
}

// exported returns a line of the catalogue for each metric of a registry. A descriptor tells all but the type of a metric.
func exported(t *testing.T, reg *prometheus.Registry) []string {
	t.Helper()
	known := types(t, reg)
	descs := make(chan *prometheus.Desc, 1000)
	reg.Describe(descs)
	close(descs)
	pattern := regexp.MustCompile(`^Desc\{fqName: "([^"]+)".*, constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)
	var lines []string
	for d := range descs {
		m := pattern.FindStringSubmatch(d.String())
		require.NotNil(t, m, d.String())
		kind := known[m[1]]
		if kind == "" && strings.HasSuffix(m[1], "_total") {
			kind = "counter" // that has nothing to count yet
		}
		require.NotEmpty(t, kind, "%s has no series that tells its type; let this test make one", m[1])
		fixed := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(m[2], "")
		lines = append(lines, fmt.Sprintf("%s %s %s %s\n", kind, m[1], cmp.Or(fixed, "-"), cmp.Or(m[3], "-")))
	}
	require.Greater(t, len(lines), 25)
	return lines
}
