package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/rules"
)

// The lints know every metric that the live client exports: a rule on any of them is not complained about.
func TestTheLintsKnowTheClientsMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	runtime, err := live.NewRuntime(live.RuntimeOptions{App: "hunt", Registerer: reg})
	require.NoError(t, err)
	producer, err := live.NewProducer(live.ProducerOptions{Runtime: runtime, Brokers: []string{"127.0.0.1:9"}})
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close(t.Context())) }()
	consumer, err := live.NewConsumer(live.ConsumerOptions{Runtime: runtime, Brokers: []string{"127.0.0.1:9"}, Group: "g", Topics: []string{"t"}})
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close(t.Context())) }()

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
	require.Greater(t, n, 20)
	file, err := rules.Parse("metrics.yml", []byte(b.String()))
	require.NoError(t, err)
	require.Empty(t, rules.Lint([]*rules.File{file}))
}
