package ruletest

import (
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/stretchr/testify/require"
)

// What was asked ahead is what would have been answered at each tick, when no later sample was there.
func TestAnswersAreTheSameAhead(t *testing.T) {
	r, a := longRun(t)
	for at := time.Duration(0); at <= r.test.end(); at += r.tick() {
		require.NoError(t, r.samples.till(t.Context(), r.time(at), time.Minute))
		for _, expr := range []string{
			"x", "x > 3", "rate(x[5m])", "sum by (a) (rate(x[5m]))", "x offset 7m", "max_over_time(x[9m:2m])", "avg_over_time(x[10m])",
			"absent(x)", "absent_over_time(x[3m])", "timestamp(x)", "time()", "vector(time()) % 7", "topk(1, x)", "sort_desc(x)",
			`count_values("v", x)`, `label_replace(x, "b", "$1", "a", "(.*)")`, "x / on (a) y", "x and on (a) y > 2", "x unless y",
			"histogram_quantile(0.9, rate(h[10m]))", "rate(h[10m])", "changes(x[20m])", "scalar(y)", "1 + 1", "minute()",
		} {
			want, err := r.samples.query(t.Context(), expr, r.time(at))
			require.NoError(t, err)
			got, ok := a.query(t.Context(), expr, r.time(at))
			require.True(t, ok, expr)
			require.Equal(t, texts(want), texts(got), "%s at %s", expr, at)
		}
	}
}

// What looks into the future, or at what rules write, is never asked ahead; and what fails fails at its own tick.
func TestWhatIsNotAskedAhead(t *testing.T) {
	r, a := longRun(t)
	for _, expr := range []string{
		"x offset -5m", "x @ 600", "max_over_time(x[5m:1m] offset -1m)", "x @ end()", "sum(rate(x[5m] @ start()))", "recorded", "ALERTS",
		`ALERTS_FOR_STATE > 0`, `{a="1"}`, `{__name__=~"x|y"}`, "info(x)", "x +", "x[5m]", `x * on (a) group_left (c) {c=""}`,
		`label_replace(x, "a", "same", "", "")`,
	} {
		_, ok := a.query(t.Context(), expr, r.time(0))
		require.False(t, ok, expr)
	}
}

// longRun returns a test of 100 ticks with gaps, stale markers, resets and a native histogram.
func longRun(t *testing.T) (*run, *ahead) {
	t.Helper()
	file := &File{EvaluationInterval: model.Duration(time.Minute), name: t.TempDir() + "/tests.yml"}
	r := newRun(file, &Test{
		Interval: model.Duration(time.Minute),
		InputSeries: []Series{
			{`x{a="1"}`, "1+2x20 stale _x7 0+1x30 3+1x40"},
			{`x{a="2"}`, "_x3 5x10 NaN Inf 7 _x30 0+10x50"},
			{`y{a="1"}`, "0 1 2 3x96"},
			{`h`, "{{schema:0 sum:1 count:2 buckets:[1 1]}}+{{schema:0 sum:1 count:2 buckets:[1 1]}}x50 stale _x10 {{schema:1 sum:3 count:3 buckets:[1 2]}}x30"},
		},
		Expressions: []ExprTest{{Expr: "x", EvalTime: model.Duration(100 * time.Minute)}},
	}, &subject{sources: []source{}})
	source, err := parse("recorded.yml", []byte("groups: [{name: g, rules: [{record: recorded, expr: sum(x)}]}]"))
	require.NoError(t, err)
	r.subject.sources = append(r.subject.sources, source)
	r.samples, err = r.load()
	require.NoError(t, err)
	a, err := r.newAhead(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, a.close())
		require.NoError(t, r.samples.Close())
	})
	return r, a
}

// texts are an answer's series with their values, without an order.
func texts(v promql.Vector) map[string]string {
	all := map[string]string{}
	for _, s := range v {
		all[s.Metric.String()] = valueText(s)
	}
	return all
}
