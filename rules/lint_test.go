package rules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// lint returns the names of what is found in a tuning rule with the condition, apart from what every such rule has.
func lint(t *testing.T, rule string) []string {
	t.Helper()
	f, err := rules.Parse("t.yml", []byte("groups: [{name: g, rules: ["+rule+"]}]"))
	require.NoError(t, err)
	ids := []string{}
	for _, p := range rules.Lint([]*rules.File{f}) {
		require.NotEmpty(t, p.Message)
		require.Contains(t, p.Excerpt, "groups:", "every lint has a place")
		ids = append(ids, p.ID)
	}
	return ids
}

func acting(expr string) string {
	return `{alert: A, expr: '` + expr + `', class: protect, on_missing: hold, actions: [{set: producer.linger.ms, to: 5}]}`
}

func TestLintsOfExpressions(t *testing.T) {
	for expr, want := range map[string]string{
		"sum(x) > 1":              "",
		"x > 1":                   "promql/many-series",
		"sum by (a) (x) > 1":      "promql/many-series",
		"max(sum by (a) (x)) > 1": "",
		"max by (a) (sum(x)) > 1": "promql/unknown-label",
		"topk(1, x) > 1":          "promql/many-series",
		"histogram_quantile(0.9, sum by (le) (rate(x_bucket[1m]))) > 1":    "",
		"histogram_quantile(0.9, sum by (le, a) (rate(x_bucket[1m]))) > 1": "promql/many-series",
		"histogram_quantile(0.9, sum(rate(x[1m]))) > 1":                    "",
		"max_over_time(sum(x)[5m:]) > 1":                                   "",
		"(sum(x) or vector(0)) > 1":                                        "",
		"(sum(x) or y) > 1":                                                "promql/many-series",
		"sum(x) > on () group_right () y":                                  "promql/many-series",
		"sum(x) > y":                                                       "",
		"1 < sum(x)":                                                       "",
		"-sum(x) < 1 and y > 2":                                            "",
		"sum(x) > 1 or sum(y) > 1":                                         "",
		"absent(x)":                                                        "",
		"scalar(x) > bool 2":                                               "promql/no-comparison",
		"sum(x)":                                                           "promql/no-comparison",
		"sum(x) > bool 1":                                                  "promql/no-comparison",
		"sum(x) or sum(y) > 1":                                             "promql/no-comparison",
		"sum(x) and on () y > 1":                                           "",
		"sum(x) / sum(y) > 1":                                              "promql/division",
		"sum(x) % sum(y) > 1":                                              "promql/division",
		"sum(x) / (sum(y) > 0) > 1":                                        "",
		"sum(x) / (sum(y) >= 1) > 1":                                       "",
		"sum(x) / (sum(y) != 0) > 1":                                       "",
		"sum(x) / (sum(y) > -1) > 1":                                       "promql/division",
		"sum(x) / sum(y > 0) > 1":                                          "",
		"sum(x) / count(y) > 1":                                            "",
		"sum(x) / clamp_min(sum(y), 1) > 1":                                "",
		"sum(x) / 1000 > 1":                                                "",
		"sum(x) / (2 * 1000) > 1":                                          "",
		"sum(x) / 0 > 1":                                                   "promql/division",
		"sum(x) / (2 * count(y)) > 1":                                      "",

		// What we export, and what others do.
		"sum(rate(kafka_producer_requests_total[1m])) > 1":                      "",
		"sum(rate(kafka_producer_request_total[1m])) > 1":                       "promql/unknown-metric",
		"sum(rate(kafka_producer_record_latency_seconds_sum[1m])) > 1":          "",
		"sum(rate(kafka_producer_requests_total_sum[1m])) > 1":                  "promql/unknown-metric",
		"sum(rate(kafka_server_requests_total[1m])) > 1":                        "",
		"sum(rate(kafka_consumer_records_lag[1m])) > 1":                         "promql/rate-of-gauge",
		"sum(deriv(kafka_consumer_records_lag[1m])) > 1":                        "",
		`max(veltrix_setting_value{setting="producer.linger.ms"}) > 1`:          "",
		`max(veltrix_setting_value{setting="producer.linger"}) > 1`:             "promql/unknown-setting",
		`sum(rate(veltrix_settings_refused_total{setting="document"}[1m])) > 1`: "",
	} {
		t.Run(expr, func(t *testing.T) {
			require.Equal(t, want, strings.Join(lint(t, acting(expr)), " "))
		})
	}
}

func TestLintsOfActions(t *testing.T) {
	for action, want := range map[string]string{
		"set: producer.linger.ms, add: 5, max: 100":                                "",
		"set: producer.linger.ms, add: 5":                                          "action/no-bound",
		"set: producer.linger.ms, add: -5, min: 0":                                 "",
		"set: producer.linger.ms, add: -5, max: 10":                                "action/no-bound",
		"set: producer.linger.ms, target: max(x), max: 10":                         "action/no-bound",
		"set: producer.linger.ms, target: max(x), min: 1, max: 10":                 "",
		"set: producer.linger.ms, target: x, min: 1, max: 10":                      "promql/many-series",
		"set: producer.linger.ms, add: 0, max: 100":                                "action/no-move",
		"set: producer.linger.ms, multiply: 1":                                     "action/no-move",
		"set: producer.linger.ms, multiply: 2, max: 100":                           "action/multiply-zero",
		"set: producer.linger.ms, multiply: 2, min: 1, max: 100":                   "",
		"set: producer.batch.size, multiply: 2, max: 1000000":                      "",
		"set: producer.batch.size, ratio: {expr: max(x), target: 2}, max: 1000000": "action/no-bound",
		"set: producer.linger.ms, add: 5, max: 5001":                               "action/outside-table",
		"set: producer.batch.size, add: -5, min: 1":                                "action/outside-table",
		"set: producer.acks, to: 1":                                                "action/durability",
		"set: producer.acks, add: 1":                                               "action/durability",
		"set: producer.acks, to: all":                                              "",
		"set: producer.compression.type, to: lz4":                                  "",
	} {
		t.Run(action, func(t *testing.T) {
			rule := `{alert: A, expr: sum(x) > 1, class: protect, on_missing: hold, actions: [{` + action + `}]}`
			require.Equal(t, want, strings.Join(lint(t, rule), " "))
		})
	}
}

// Two rules that pull in opposite directions are told, unless something keeps them apart.
func TestLintOfOppositeRules(t *testing.T) {
	up := `{alert: Up, expr: sum(x) > 1, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, add: 5, max: 100}]}`
	down := `{alert: Down, expr: sum(x) < 1, class: protect, on_missing: hold, EXTRA actions: [{set: producer.linger.ms, add: -5, min: 1}]}`
	for extra, want := range map[string][]string{
		"":                                       {"action/opposite"},
		"priority: 3,":                           {},
		"guards: [{name: g, expr: sum(y) > 1}],": {},
	} {
		require.Equal(t, want, lint(t, up+", "+strings.Replace(down, "EXTRA", extra, 1)))
	}
	require.Empty(t, lint(t, up+", "+strings.Replace(strings.Replace(down, "EXTRA", "", 1), "protect", "relax", 1)))
}

func TestARecordedMetricIsKnown(t *testing.T) {
	require.Empty(t, lint(t, `{record: hunt_load, expr: "sum(rate(hunt_claims_total[1m]))"}, {alert: A, expr: hunt_load > 1}`))
	require.Equal(t, []string{"promql/unknown-metric"}, lint(t, `{alert: A, expr: hunt_load > 1}`))
}
