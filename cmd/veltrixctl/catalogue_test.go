package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store/memory"
)

// The lints know every metric that the live client, the engine and the sidecar export: a rule on any of them is not complained
// about.
func TestTheLintsKnowEveryMetric(t *testing.T) {
	clients := prometheus.NewRegistry()
	runtime, err := live.NewRuntime(live.RuntimeOptions{App: "hunt", Registerer: clients})
	require.NoError(t, err)
	game, err := engine.New(engine.Options{Runtime: runtime, Instance: "one", Brokers: []string{"127.0.0.1:9"}, Registerer: clients})
	require.NoError(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	defer func() { require.NoError(t, game.Run(ended)) }()
	consumer, err := live.NewConsumer(live.ConsumerOptions{Runtime: runtime, Brokers: []string{"127.0.0.1:9"}, Group: "g", Topics: []string{"t"}})
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(t.Context())) }()
	requireKnown(t, clients, 25)

	loop := prometheus.NewRegistry()
	file := filepath.Join(t.TempDir(), "veltrix.yml")
	require.NoError(t, os.WriteFile(file, []byte(`{app: hunt, prometheus: {url: "http://localhost:1"}, etcd: {endpoints: [http://localhost:1]},
  rule_files: [pack:kafka-producer], load: load, objectives: [{name: p99, expr: latency, max: 1}]}`), 0o600))
	config, err := sidecar.LoadConfig(file)
	require.NoError(t, err)
	_, err = sidecar.New(sidecar.Options{Config: config, ID: "one", Store: memory.New(memory.Options{App: "hunt"}), Registerer: loop, Gatherer: loop})
	require.NoError(t, err)
	requireKnown(t, loop, 25)
}

// requireKnown lints a rule on each metric of a registry.
func requireKnown(t *testing.T, reg *prometheus.Registry, least int) {
	t.Helper()
	descs := make(chan *prometheus.Desc, 1000)
	reg.Describe(descs)
	close(descs)
	var b strings.Builder
	b.WriteString("groups:\n- name: g\n  rules:\n")
	n := 0
	for d := range descs {
		name := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]
		fmt.Fprintf(&b, "  - {alert: A, expr: max(%s) > 0}\n", name)
		n++
	}
	require.Greater(t, n, least)
	file, err := rules.Parse("metrics.yml", []byte(b.String()))
	require.NoError(t, err)
	require.Empty(t, rules.Lint([]*rules.File{file}))
}
