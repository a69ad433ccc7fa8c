package ruletest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A day of 100 rules over 50 series, a minute apart: 144 100 evaluations. Each rule has an expression of its own, so that no answer
// is shared. Beside it the real promtool does the same, if there is one.
func BenchmarkDay(b *testing.B) {
	const rules, series, ticks = 100, 50, 24*60 + 1
	benchmarkFile(b, rules*ticks, day(rules, series, ticks))
}

// The smallest test that there is.
func BenchmarkSmallest(b *testing.B) { benchmarkFile(b, 1, day(1, 1, 1)) }

// benchmarkFile runs a rule file and its test, rules.yml and tests.yml, here and in promtool.
func benchmarkFile(b *testing.B, evaluations int, texts map[string]string) {
	b.Helper()
	dir := b.TempDir()
	for name, text := range texts {
		require.NoError(b, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	tests := filepath.Join(dir, "tests.yml")
	b.Run("veltrixctl", func(b *testing.B) {
		for b.Loop() {
			f, err := Load(tests)
			require.NoError(b, err)
			report, err := f.Run(b.Context(), Options{})
			require.NoError(b, err)
			require.Zero(b, report.Failed())
		}
		b.ReportMetric(float64(evaluations*b.N)/b.Elapsed().Seconds(), "evaluations/s")
	})
	b.Run("promtool", func(b *testing.B) {
		promtool, err := exec.LookPath("promtool")
		if err != nil {
			b.Skip("there is no promtool on the PATH")
		}
		for b.Loop() {
			require.NoError(b, exec.CommandContext(b.Context(), promtool, "test", "rules", tests).Run())
		}
		b.ReportMetric(float64(evaluations*b.N)/b.Elapsed().Seconds(), "evaluations/s")
	})
}

func day(rules, series, ticks int) map[string]string {
	var r, t strings.Builder
	r.WriteString("groups:\n- name: g\n  rules:\n")
	for i := range rules {
		fmt.Fprintf(&r, "  - {record: 'client_id:x%d:rate5m', expr: 'sum by (client_id)(rate(x[5m])) * %d'}\n", i, i+1)
	}
	t.WriteString("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n")
	for i := range series {
		fmt.Fprintf(&t, "  - {series: 'x{client_id=\"c%d\"}', values: 0+%dx%d}\n", i, i+1, ticks)
	}
	end := 0
	if ticks > 1 {
		end = series
	}
	fmt.Fprintf(&t, "  promql_expr_test:\n  - {expr: count(client_id:x0:rate5m) or vector(0), eval_time: %dm, exp_samples: [{labels: '{}', value: %d}]}\n", ticks-1, end)
	return map[string]string{"rules.yml": r.String(), "tests.yml": t.String()}
}
