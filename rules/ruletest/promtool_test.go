package ruletest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/rules"
)

// What the comparison with promtool generates.
const (
	generatedRules = 240
	generatedTicks = 60
	generatedTick  = 5 * time.Second
)

// Alerts with and without for and keep_firing_for go through the same states, at the same ticks, as in Prometheus: random rules
// over random series are evaluated here, and the real promtool is asked whether it sees the same.
func TestStatesAreThoseOfPrometheus(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	kafkatest.Need(t, err)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { compareWithPromtool(t, promtool, seed) })
	}
}

func compareWithPromtool(t *testing.T, promtool string, seed uint64) {
	t.Helper()
	dir := t.TempDir()
	text, series := generate(rand.New(rand.NewPCG(seed, 1)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(text), 0o600))

	var b strings.Builder
	b.WriteString("rule_files: [rules.yml]\nevaluation_interval: 5s\ntests:\n- interval: 5s\n  input_series:\n")
	for _, s := range series {
		fmt.Fprintf(&b, "  - {series: %s, values: '%s'}\n", s.Series, s.Values)
	}
	b.WriteString("  promql_expr_test:\n")
	states := 0
	for at, evaluation := range statesOf(t, dir, series) {
		fmt.Fprintf(&b, "  - expr: count by (alertname, alertstate) (ALERTS)\n    eval_time: %s\n    exp_samples:\n", time.Duration(at)*generatedTick)
		for i := range evaluation.Rules {
			if r := &evaluation.Rules[i]; phase(r) != rules.Inactive {
				fmt.Fprintf(&b, "    - {labels: '{alertname=\"%s\",alertstate=\"%s\"}', value: 1}\n", r.Rule, r.Phase)
				states++
			}
		}
	}
	require.Greater(t, states, generatedRules)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tests.yml"), []byte(b.String()), 0o600))
	cmd := exec.CommandContext(t.Context(), promtool, "test", "rules", "tests.yml")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%.4000s", out)
}

// generate returns a rule file and the series that its rules look at, one for each. There are no gaps: what missing data mean is
// where rules here differ from Prometheus's on purpose.
func generate(rng *rand.Rand) (text string, series []Series) {
	pick := func(durations ...string) string { return durations[rng.IntN(len(durations))] }
	var b strings.Builder
	b.WriteString("groups:\n- name: g\n  rules:\n")
	for i := range generatedRules {
		fmt.Fprintf(&b, "  - {alert: R%d, expr: s%d > 5, for: %s, keep_firing_for: %s}\n", i, i, pick("0s", "5s", "10s", "12s", "25s"), pick("0s", "0s", "5s", "10s", "17s"))
		values := make([]string, generatedTicks+1)
		level := rng.IntN(2)
		for j := range values {
			if rng.IntN(3) == 0 {
				level = 1 - level
			}
			values[j] = fmt.Sprint(10 * level)
		}
		series = append(series, Series{Series: fmt.Sprintf("s%d", i), Values: strings.Join(values, " ")})
	}
	return b.String(), series
}

// statesOf evaluates the rules here and returns what came of each tick.
func statesOf(t *testing.T, dir string, series []Series) []rules.Evaluation {
	t.Helper()
	inactive := rules.Inactive
	f := &File{
		name: filepath.Join(dir, "x.yml"), RuleFiles: []string{"rules.yml"}, EvaluationInterval: model.Duration(generatedTick),
		Tests: []Test{{
			Interval: model.Duration(generatedTick), InputSeries: series,
			TuningRules: []TuningRuleTest{{EvalTime: model.Duration(generatedTicks * generatedTick), Rule: "R0", State: &inactive}},
		}},
	}
	subject, err := f.subject()
	require.NoError(t, err)
	r := newRun(f, &f.Tests[0], subject)
	require.NoError(t, r.run(t.Context()))
	var all []rules.Evaluation
	for at := range generatedTicks + 1 {
		all = append(all, r.ticks[time.Duration(at)*generatedTick])
	}
	return all
}
