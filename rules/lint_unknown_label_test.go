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
