package rules_test

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// What a rule asks, answered by Prometheus's own engine: true and false as Prometheus sees them, and where Prometheus
// returns nothing for both, the difference between false and no data.
func TestTheFourValuesAgainstTheRealEngine(t *testing.T) {
	const series = `
load 10s
  high{job="hunt"} 9+0x6
  low{job="hunt"} 1+0x6
  high{job="other"} 0+0x6
  two{job="hunt",instance="a"} 1+0x6
  two{job="hunt",instance="b"} 1+0x6
  zero{job="hunt"} 0+0x6
  grows_total{job="hunt"} 0+10x6
`
	for expr, want := range map[string]rules.Outcome{
		"high > 5":                                   rules.True,
		"low > 5":                                    rules.False,
		"5 < high":                                   rules.True,
		"(low > 5)":                                  rules.False,
		"gone > 5":                                   rules.NoData,
		"two > 5":                                    rules.Indeterminate,
		"sum(two) > 1":                               rules.True,
		"zero / zero > 5":                            rules.Indeterminate,
		"high / (zero > 0) > 1":                      rules.NoData,
		"high / zero > 5":                            rules.Indeterminate,
		"5 < high / zero":                            rules.Indeterminate,
		"high > zero":                                rules.True,
		"high == low":                                rules.False,
		"high > on (job) group_left () low":          rules.True,
		"low > 5 and zero / zero > 5":                rules.Indeterminate,
		"high > 5 and low < 5":                       rules.True,
		"high > 5 and low > 5":                       rules.False,
		"high > 5 and gone > 5":                      rules.NoData,
		"high > 5 or low > 5":                        rules.True,
		"low > 5 or low > 6":                         rules.False,
		"high > 5 or gone > 5":                       rules.True,
		"low > 5 or gone > 5":                        rules.NoData,
		"high > 5 unless low > 5":                    rules.True,
		"high > 5 unless low < 5":                    rules.False,
		"high > 5 unless gone > 5":                   rules.NoData,
		"high > 5 unless on () gone":                 rules.True,
		"high > 5 unless on () low":                  rules.False,
		"sum(high) > 5 and on () low < 5":            rules.True,
		"absent(gone)":                               rules.True,
		"absent(high)":                               rules.False,
		"absent_over_time(gone[1m])":                 rules.True,
		"absent_over_time(high[1m])":                 rules.False,
		"high":                                       rules.True,
		"gone":                                       rules.NoData,
		"rate(grows_total[30s]) > 0.9":               rules.True,
		"rate(grows_total[30s]) == 0":                rules.False,
		"vector(1) > 2":                              rules.False,
		"max(high) > bool 5 == 1":                    rules.True,
		"zero / zero > 5 or high > 5":                rules.True,
		"zero / zero > 5 or low > 5":                 rules.Indeterminate,
		"high > 5 unless zero / zero > 5":            rules.Indeterminate,
		"high > on (job) group_left () (low / zero)": rules.Indeterminate,
		"low < on (job) group_left () (low / zero)":  rules.Indeterminate,
		"high > 5 and on () two == 1":                rules.True,
		"high > 5 and on () two == 2":                rules.False,
		"high > scalar(gone)":                        rules.Indeterminate,
		"high > scalar(low)":                         rules.True,
		"absent(gone) == 1":                          rules.True,
		"absent(high) == 1":                          rules.False,
		"high and on () low > 5":                     rules.False,
		"gone and on () low > 5":                     rules.NoData,
		"high != zero / zero":                        rules.Indeterminate,
		"(high > 5 and low < 5) or zero > 1":         rules.True,
		"not_there > 1 or (low > 5 and high > 5)":    rules.NoData,
		"label_replace(high, \"a\", \"$1\", \"job\", \"(.*)\") > 5":                rules.True,
		"max_over_time(high[30s:10s]) > 5":                                         rules.True,
		"high > 5 and ignoring (job) label_replace(low, \"x\",\"\",\"\",\"\") < 5": rules.True,
	} {
		t.Run(expr, func(t *testing.T) {
			require.Equal(t, want, ask(t, series, expr))
		})
	}
}

// ask evaluates a rule with the condition for the job hunt, one minute after the series began.
func ask(t *testing.T, series, expr string) rules.Outcome {
	t.Helper()
	f, err := rules.Parse("t.yml", []byte("groups: [{name: g, rules: [{alert: A, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, to: 1}], expr: '"+expr+"'}]}]"))
	require.NoError(t, err)
	selector, err := rules.ParseSelector(`{job="hunt"}`)
	require.NoError(t, err)
	set, err := rules.NewSet([]rules.Source{{File: f}}, rules.SetOptions{Selector: selector})
	require.NoError(t, err)

	store := promqltest.LoadedStorage(t, series)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	now := time.Unix(60, 0).UTC()
	results := map[string]rules.Result{}
	for _, q := range set.Queries(now, nil) {
		results[q] = query(t, engine, store, q, now)
	}
	return set.Evaluate(now, map[string]tuner.RuleState{}, results).Rules[0].Outcome
}

// query asks Prometheus's engine.
func query(t *testing.T, engine *promql.Engine, store storage.Queryable, q string, now time.Time) rules.Result {
	t.Helper()
	prepared, err := engine.NewInstantQuery(t.Context(), store, nil, q, now)
	require.NoError(t, err, q)
	defer prepared.Close()
	answer := prepared.Exec(t.Context())
	require.NoError(t, answer.Err, q)
	if scalar, err := answer.Scalar(); err == nil {
		return rules.Result{Samples: []rules.Sample{{Value: scalar.V, Time: now}}}
	}
	vector, err := answer.Vector()
	require.NoError(t, err, q)
	var r rules.Result
	for _, s := range vector {
		r.Samples = append(r.Samples, rules.Sample{Labels: s.Metric.Map(), Value: s.F, Time: now})
	}
	return r
}
