package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/rules"
)

// Conditions of every shape, over metrics that are there, missing, not a number or infinite: "true" is never said where
// Prometheus's alert is silent, nor "false" where it fires; and with every metric there and finite, one of the two is
// always said.
func TestOutcomesAgreeWithPrometheus(t *testing.T) {
	var series strings.Builder
	series.WriteString("load 10s\n")
	metrics := map[string]string{"low": "1", "high": "9", "zero": "0", "odd": "NaN", "endless": "Inf", "five": "5"}
	for name, v := range metrics {
		fmt.Fprintf(&series, "  %s{job=\"hunt\"} %s %s\n", name, v, v)
	}
	store := promqltest.LoadedStorage(t, series.String())
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	now := time.Unix(10, 0).UTC()
	rapid.Check(t, func(r *rapid.T) {
		whole := rapid.Bool().Draw(r, "whole")
		expr := drawCondition(r, whole, 3)
		f, err := rules.Parse("t.yml", []byte("groups: [{name: g, rules: [{alert: A, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, to: 1}], expr: '"+expr+"'}]}]"))
		require.NoError(t, err, expr)
		set, err := rules.NewSet([]rules.Source{{File: f}}, rules.SetOptions{})
		require.NoError(t, err)
		results := map[string]rules.Result{}
		for _, q := range set.Queries(now, nil) {
			results[q] = query(t, engine, store, q, now)
		}
		status := set.Evaluate(now, nil, results).Rules[0]
		fires := len(query(t, engine, store, expr, now).Samples) > 0
		switch status.Outcome {
		case rules.True:
			require.True(t, fires, expr)
		case rules.False:
			require.False(t, fires, expr)
		case rules.NoData, rules.Indeterminate:
			require.False(t, whole, "%s: %s", expr, status.Why)
		}
	})
}

// drawCondition draws a condition; a whole one asks only for metrics that are there and finite.
func drawCondition(r *rapid.T, whole bool, depth int) string {
	if depth > 0 && rapid.Bool().Draw(r, "set") {
		op := rapid.SampledFrom([]string{"and", "or", "unless", "and on (job)", "unless ignoring (x)"}).Draw(r, "op")
		return fmt.Sprintf("(%s) %s (%s)", drawCondition(r, whole, depth-1), op, drawCondition(r, whole, depth-1))
	}
	metrics := []string{"low", "high", "zero", "five"}
	if !whole {
		metrics = append(metrics, "odd", "endless", "gone")
	}
	metric := rapid.SampledFrom(metrics)
	side := rapid.SampledFrom([]string{"%s", "sum by (job) (%s)", "(2 * %s)", "max_over_time(%s[20s:10s])"})
	left := fmt.Sprintf(side.Draw(r, "left shape"), metric.Draw(r, "left"))
	right := rapid.SampledFrom([]string{"1", "5", "-(3)", ""}).Draw(r, "number")
	if right == "" {
		right = fmt.Sprintf(side.Draw(r, "right shape"), metric.Draw(r, "right"))
	}
	op := rapid.SampledFrom([]string{">", "<", ">=", "<=", "==", "!="}).Draw(r, "comparison")
	return left + " " + op + " " + right
}
