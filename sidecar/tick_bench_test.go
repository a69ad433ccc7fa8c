package sidecar

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/store/memory"
)

// stubPrometheus answers every query with one sample.
func stubPrometheus(b *testing.B) (url string) {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,"0.1"]}]}}`, time.Now().Unix())
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// manyRules is a configuration with n rules, each with a query of its own.
func manyRules(b *testing.B, n int) *Config {
	b.Helper()
	var text strings.Builder
	text.WriteString("groups:\n- name: g\n  rules:\n")
	for i := range n {
		fmt.Fprintf(&text, "  - {alert: R%d, expr: 'rate(metric_%d[30s]) > 0.5', for: 5s, class: protect, on_missing: hold, mode: enforce, actions: [{set: producer.linger.ms, multiply: 2, min: 1, max: 100}]}\n", i, i)
	}
	dir := b.TempDir()
	require.NoError(b, os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(text.String()), 0o600))
	config := fmt.Sprintf(`app: hunt
mode: shadow
interval: 10m
prometheus: {url: %q}
etcd: {endpoints: [http://localhost:1]}
rule_files: [rules.yml]
load: load
objectives: [{name: p99, expr: latency, max: 0.150}]
limits: {ack_timeout: 20m}
`, stubPrometheus(b))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "veltrix.yml"), []byte(config), 0o600))
	c, err := LoadConfig(filepath.Join(dir, "veltrix.yml"))
	require.NoError(b, err)
	return c
}

func cpu() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // fails for no process that asks about itself
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// A whole tick over HTTP against a Prometheus that answers at once. The CPU is that of sidecar and stub together.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			registry := prometheus.NewRegistry()
			s, err := New(Options{Config: manyRules(b, n), ID: "one", Store: memory.New(memory.Options{App: "hunt"}), Registerer: registry, Gatherer: registry})
			require.NoError(b, err)
			now := time.Now()
			s.tick(context.Background(), now, nil)
			before := cpu()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				now = now.Add(10 * time.Minute)
				s.tick(context.Background(), now, nil)
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			require.Empty(b, s.Status().Problem)
			require.Len(b, s.Status().Rules, n)
		})
	}
}
