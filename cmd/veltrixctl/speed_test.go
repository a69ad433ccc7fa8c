package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Checking ten files of a hundred rules each, as mixins write them. Beside it the real promtool, if there is one.
func BenchmarkCheck(b *testing.B) {
	const files, rules = 10, 100
	dir := b.TempDir()
	var names []string
	for i := range files {
		var text strings.Builder
		fmt.Fprintf(&text, "groups:\n- name: g%d\n  rules:\n", i)
		for j := range rules {
			fmt.Fprintf(&text, `  - alert: ErrorRatio%d
    expr: |
      sum by (job, instance) (rate(http_requests_total{code=~"5..",job="a%d"}[5m]))
        / (sum by (job, instance) (rate(http_requests_total{job="a%d"}[5m])) > 0) > 0.05
    for: 5m
    labels: {severity: page}
    annotations:
      summary: '{{ $labels.instance }} fails {{ $value | humanizePercentage }} of its requests'
`, j, j, j)
		}
		name := filepath.Join(dir, fmt.Sprintf("rules%d.yml", i))
		require.NoError(b, os.WriteFile(name, []byte(text.String()), 0o600))
		names = append(names, name)
	}
	b.Run("veltrixctl", func(b *testing.B) {
		for b.Loop() {
			require.Equal(b, exitOK, run(append([]string{"check"}, names...), io.Discard, io.Discard))
		}
		b.ReportMetric(float64(files*rules*b.N)/b.Elapsed().Seconds(), "rules/s")
	})
	b.Run("promtool", func(b *testing.B) {
		promtool, err := exec.LookPath("promtool")
		if err != nil {
			b.Skip("there is no promtool on the PATH")
		}
		for b.Loop() {
			require.NoError(b, exec.CommandContext(b.Context(), promtool, append([]string{"check", "rules"}, names...)...).Run())
		}
		b.ReportMetric(float64(files*rules*b.N)/b.Elapsed().Seconds(), "rules/s")
	})
}
