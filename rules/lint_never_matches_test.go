package rules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
