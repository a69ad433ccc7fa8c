package rules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Labels of our own metrics are known, those of the target and of other metrics are not.
func TestLintOfLabels(t *testing.T) {
	for expr, want := range map[string]string{
		`sum(kafka_producer_partitions{topic="a"}) > 1`:                                "",
		`sum(kafka_producer_partitions{job="a",cluster="b"}) > 1`:                      "",
		`sum(kafka_producer_partitions{class="a"}) > 1`:                                "promql/unknown-label",
		`sum(kafka_producer_partitions{topics="a"}) > 1`:                               "promql/unknown-label",
		`sum(kafka_producer_partitions{class!="a"}) > 1`:                               "",
		`sum(kafka_producer_partitions{class=""}) > 1`:                                 "",
		`sum(rate(kafka_producer_requests_total{topic=~"a|b"}[1m])) > 1`:               "promql/unknown-label",
		`sum(rate(kafka_producer_batch_size_bytes_bucket{le="256"}[1m])) > 1`:          "",
		`sum(rate(kafka_producer_batch_size_bytes_count{le="256"}[1m])) > 1`:           "promql/unknown-label",
		`sum(veltrix_setting_value{app="a",setting="producer.linger.ms"}) > 1`:         "",
		`sum(kafka_server_partitions{class="a"}) > 1`:                                  "",
		`max(sum by (topic) (rate(kafka_producer_record_send_total[1m]))) > 1`:         "",
		`max(sum by (topic) (rate(kafka_producer_requests_total[1m]))) > 1`:            "promql/unknown-label",
		`max(sum by (topic, job) (rate(x[1m]))) > 1`:                                   "",
		`max(sum by (topic) (max by (job) (x))) > 1`:                                   "promql/unknown-label",
		`max(sum by (topic) (max without (topic) (x))) > 1`:                            "promql/unknown-label",
		`max(sum by (dst) (label_replace(sum(x), "dst", "$1", "src", "(.*)"))) > 1`:    "",
		`max(sum by (v) (count_values("v", x))) > 1`:                                   "",
		`max(max by (topic) (topk(3, sum by (topic) (x)))) > 1`:                        "",
		`max(max by (le) (histogram_quantile(0.9, sum by (le, a) (rate(x[1m]))))) > 1`: "promql/unknown-label",
	} {
		t.Run(expr, func(t *testing.T) {
			require.Equal(t, want, strings.Join(lint(t, acting(expr)), " "))
		})
	}
}

// Two sides never match if a label that is compared is always on the one and never on the other.
func TestLintOfMatching(t *testing.T) {
	for expr, want := range map[string]string{
		"sum(x) / (sum(y) > 0) > 1":                                          "",
		"max(sum by (a) (x) / (sum by (a) (y) > 0)) > 1":                     "",
		"max(sum by (a) (x) / (sum by (b) (y) > 0)) > 1":                     "promql/never-matches",
		"max(sum by (a) (x) / (sum(y) > 0)) > 1":                             "promql/never-matches",
		"max(sum by (a) (x) / on () group_left () (sum(y) > 0)) > 1":         "",
		"max(sum by (a) (x) / on (a) (sum(y) > 0)) > 1":                      "promql/never-matches",
		"max(sum by (a, b) (x) / ignoring (b) (sum by (a) (y) > 0)) > 1":     "",
		"max(sum by (a, b) (x) / ignoring (a) (sum by (a) (y) > 0)) > 1":     "promql/never-matches",
		"max(x / on (a) group_left (c) (y > 0)) > 1":                         "",
		"max(x / (y > 0)) > 1":                                               "",
		`sum(x{a="1"} and sum by (b) (y)) > 1`:                               "promql/never-matches",
		`sum(x{a=""} and sum(y)) > 1`:                                        "",
		`sum(x and on () sum(y)) > 1`:                                        "",
		`sum(x{a="1"} unless sum(y)) > 1`:                                    "promql/never-matches",
		`sum(x{a="1"} or sum(y)) > 1`:                                        "",
		`max((sum by (a) (x) or sum by (b) (y)) / (sum by (b) (z) > 0)) > 1`: "",
		`max((sum by (a) (x) or sum by (a) (y)) / (sum by (b) (z) > 0)) > 1`: "promql/never-matches",
		`max(max_over_time(sum by (a) (x)[5m:1m]) / (sum(y) > 0)) > 1`:       "promql/never-matches",
		`max(sum by (a) (x) / fill (0) (sum(y) > 0)) > 1`:                    "",
		`max(sum without (a) (x) * on (a) sum by (a) (y)) > 1`:               "promql/never-matches",

		`max(rate(kafka_producer_requests_total[1m]) * rate(kafka_producer_record_send_total[1m])) > 1`:                      "promql/never-matches",
		`max(rate(kafka_producer_requests_total[1m]) * on (client_id) rate(kafka_producer_records_per_request_sum[1m])) > 1`: "",
		`max(kafka_producer_partitions * on (topic) kafka_consumer_records_lag) > 1`:                                         "",

		`max(-sum by (a) (x) * vector(1)) > 1`:                 "promql/never-matches",
		`max(label_replace(x, "a", "1", "", "") * sum(y)) > 1`: "",
	} {
		t.Run(expr, func(t *testing.T) {
			require.Equal(t, want, strings.Join(lint(t, acting(expr)), " "))
		})
	}
}
