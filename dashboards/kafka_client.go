package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/veltrix/veltrix/settings"
)

// KafkaClient is about the clients that are tuned: what their records meet with, beside the settings that they run.
func KafkaClient() (dashboard.Dashboard, error) {
	b := newBoard("veltrix-kafka-client", "Kafka client",
		"The live client's producers and consumers: where a record's time goes, what the brokers are asked for, and the settings in effect.",
		append(
			jobAndInstance(),
			variable{"app", "Application", `veltrix_leader{<place>}`},
			variable{"client_id", "Client", `veltrix_settings_generation{<place>}`},
			variable{"topic", "Topic", `kafka_producer_record_send_total{<client>}`},
		))
	b.row("Producer: where a record's time goes")
	producerTime(b)
	b.row("Producer: what it sends")
	producerWork(b)
	b.row("Consumer")
	consumer(b)
	b.row("Settings in effect")
	inEffect(b)
	return b.build()
}

// inSeconds is a setting in milliseconds beside latencies in seconds.
func inSeconds(setting settings.Name) query {
	return query{string(setting), `max(veltrix_setting_value{<client>, setting="` + string(setting) + `"}) / 1000`}
}

func largest(setting settings.Name) query {
	return query{string(setting), `max(veltrix_setting_value{<client>, setting="` + string(setting) + `"})`}
}

func producerTime(b *board) {
	b.add(
		view{
			title: "Record latency", unit: "s", width: 8, page: "runbooks/ProducerLingerDominates.md",
			means: "From handing a record over to its acknowledgement: linger, the wait behind a request in flight, and the request.",
			queries: []query{
				{"p99 {{topic}}", quantile("0.99", "kafka_producer_record_latency_seconds", "<topic>", "topic, ")},
				{"p50 {{topic}}", quantile("0.5", "kafka_producer_record_latency_seconds", "<topic>", "topic, ")},
			},
		}.lines(),
		view{
			title: "Wait before the request, and linger", unit: "s", width: 8, page: "runbooks/ProducerQueueing.md",
			means: "From handing a record over to the start of the request that carried it. Near linger it is linger; far above, records wait behind requests.",
			queries: []query{
				{"p99 {{topic}}", quantile("0.99", "kafka_producer_record_queue_time_seconds", "<topic>", "topic, ")},
				inSeconds(settings.ProducerLingerMs),
			},
		}.lines(),
		view{
			title: "Produce requests, time", unit: "s", width: 8, page: "runbooks/ProducerTimeouts.md",
			means: "From the start of a produce request to its answer or failure. This part is the brokers'.",
			queries: []query{
				{"p99", quantile("0.99", "kafka_producer_request_latency_seconds", "<client>", "")},
				{"mean {{client_id}}", mean("kafka_producer_request_latency_seconds", "<client>", "client_id")},
			},
		}.lines(),
		view{
			title: "Busy share", unit: "percentunit", width: 8, page: "runbooks/ProducerQueueing.md", limit: 1,
			means: "Time with a request in flight, or ready and held back by one, for each partition. Near 100 % the brokers are the limit: fewer and larger requests help.",
			steps: []step{{color: "green"}, {0.7, "orange"}},
			queries: []query{{"{{topic}}", `sum by (topic) (rate(kafka_producer_busy_seconds_total{<topic>}[$__rate_interval]))
  / (sum by (topic) (kafka_producer_partitions{<topic>}) > 0)`}},
		}.lines(),
		view{
			title: "Throttled by brokers, p99", unit: "s", width: 8, page: "runbooks/ProducerThrottled.md",
			means:   "Time for which brokers asked to be left alone. Mostly 0; more is a quota.",
			queries: []query{{"p99", quantile("0.99", "kafka_producer_produce_throttle_time_seconds", "<client>", "")}},
		}.lines(),
		view{
			title: "Records that failed", unit: "cps", width: 8, page: "runbooks/ProducerTimeouts.md",
			means: "Records that were not acknowledged, or refused on the way in, by class of error; and records that were sent again.",
			queries: []query{
				{"{{class}}", `sum by (class) (rate(kafka_producer_record_error_total{<topic>}[$__rate_interval]))`},
				{"sent again", `sum(rate(kafka_producer_record_retry_total{<topic>}[$__rate_interval]))`},
			},
		}.lines(),
	)
}

func producerWork(b *board) {
	b.add(
		view{
			title: "Records", unit: "cps", width: 8, page: "benchmarks.md",
			means:   "Records that were acknowledged.",
			queries: []query{{"{{topic}}", `sum by (topic) (rate(kafka_producer_record_send_total{<topic>}[$__rate_interval]))`}},
		}.lines(),
		view{
			title: "Produce requests", unit: "reqps", width: 8, page: "runbooks/ProducerQueueing.md",
			means:   "What the brokers are asked for. Many requests of few records cost them most.",
			queries: []query{{"{{client_id}} {{instance}}", `sum by (client_id, instance) (rate(kafka_producer_requests_total{<client>}[$__rate_interval]))`}},
		}.lines(),
		view{
			title: "Records in a request", unit: "short", width: 8, page: "runbooks/ProducerQueueing.md",
			means: "The mean, and p99.",
			queries: []query{
				{"mean {{client_id}}", mean("kafka_producer_records_per_request", "<client>", "client_id")},
				{"p99", quantile("0.99", "kafka_producer_records_per_request", "<client>", "")},
			},
		}.lines(),
		view{
			title: "Size of a batch", unit: "bytes", width: 12, page: "runbooks/ProducerBatchesFull.md",
			means:   "The mean batch, and how large one may become. A batch that is full leaves before linger is over.",
			queries: []query{{"mean {{topic}}", mean("kafka_producer_batch_size_bytes", "<topic>", "topic")}, largest(settings.ProducerBatchSize)},
		}.lines(),
		view{
			title: "Buffer", unit: "bytes", width: 12, page: "runbooks/ProducerBufferExhausted.md",
			means: "What is left of each instance's buffer.memory. At 0 callers wait, and then fail.",
			queries: []query{
				{"left {{client_id}} {{instance}}", `min by (client_id, instance) (kafka_producer_buffer_available_bytes{<client>})`},
				largest(settings.ProducerBufferMemory),
			},
		}.lines(),
	)
}

func consumer(b *board) {
	b.add(
		view{
			title: "Lag", unit: "short", width: 8, page: "runbooks/ConsumerLagGrowing.md",
			means:   "Records that are in the log and not handled yet.",
			queries: []query{{"{{topic}}", `sum by (topic) (kafka_consumer_records_lag{<topic>})`}},
		}.lines(),
		view{
			title: "Records consumed", unit: "cps", width: 8, page: "runbooks/ConsumerLagGrowing.md",
			means:   "Records handed to the application.",
			queries: []query{{"{{topic}}", `sum by (topic) (rate(kafka_consumer_records_consumed_total{<topic>}[$__rate_interval]))`}},
		}.lines(),
		view{
			title: "Age of a record, p99", unit: "s", width: 8, page: "runbooks/ConsumerLagGrowing.md",
			means:   "Age of the oldest record of each batch when it was handed to the application, by the record's own time.",
			queries: []query{{"{{topic}}", quantile("0.99", "kafka_consumer_record_age_seconds", "<topic>", "topic, ")}},
		}.lines(),
		view{
			title: "Fetches, and how long they may wait", unit: "s", width: 6, page: "runbooks/ConsumerFetchWaitDominates.md",
			means: "From a fetch to its answer, with the time that the broker waited for records.",
			queries: []query{
				{"p99 {{topic}}", quantile("0.99", "kafka_consumer_fetch_latency_seconds", "<topic>", "topic, ")},
				inSeconds(settings.ConsumerFetchMaxWaitMs),
			},
		}.lines(),
		view{
			title: "Fetch requests", unit: "reqps", width: 6, page: "runbooks/ConsumerFetchesTooSmall.md",
			means:   "What the brokers are asked for.",
			queries: []query{{"{{topic}}", `sum by (topic) (rate(kafka_consumer_fetch_requests_total{<topic>}[$__rate_interval]))`}},
		}.lines(),
		view{
			title: "Commits, p99", unit: "s", width: 6, page: "runbooks/ConsumerCommitsSlow.md",
			means:   "Time from a commit of offsets to its answer.",
			queries: []query{{"p99", quantile("0.99", "kafka_consumer_commit_latency_seconds", "<client>", "")}},
		}.lines(),
		view{
			title: "Rebalances", unit: "none", width: 6, page: "settings.md",
			means:   "Rebalances that ended with an assignment. Only a change of session or heartbeat makes one; fetch settings never do.",
			queries: []query{{"{{client_id}}", `sum by (client_id) (increase(kafka_consumer_rebalance_total{<client>}[$__rate_interval]))`}},
		}.lines(),
	)
}

// inEffect has a panel for each kind of setting, because a panel has one unit, and one for each enum, because its numbers
// are positions in its list.
func inEffect(b *board) {
	const means = "What the instances run, whoever set it. Where instances differ there is a second line: a change is on its way, or somebody refused it."
	for _, k := range []struct {
		kind        settings.Kind
		title, unit string
	}{{settings.Milliseconds, "Times", "ms"}, {settings.Bytes, "Sizes", "bytes"}, {settings.Count, "Counts", "short"}} {
		value := `veltrix_setting_value{<client>, setting=~"` + names(k.kind) + `"}`
		b.add(view{
			title: k.title, unit: k.unit, width: 8, means: means, page: "settings.md",
			queries: []query{
				{"{{setting}}", `max by (setting) (` + value + `)`},
				{"{{setting}} at least", `min by (setting) (` + value + `) < max by (setting) (` + value + `)`},
			},
		}.lines())
	}
	for _, s := range settings.All() {
		if s.Kind == settings.Enum {
			b.add(view{
				title: string(s.Name), unit: "none", width: 6, means: means, page: "settings.md", words: enumWords(s.Enum),
				queries: []query{{"{{client_id}} {{instance}}", `max by (client_id, instance) (veltrix_setting_value{<client>, setting="` + string(s.Name) + `"})`}},
			}.states())
		}
	}
	b.add(
		view{
			title: "Generation", unit: "none", width: 6, page: "runbooks/VeltrixInstancesBehind.md",
			means:   "Generation of the document that each instance runs; 0 while its own configuration counts.",
			queries: []query{{"{{client_id}} {{instance}}", `max by (client_id, instance) (veltrix_settings_generation{<client>})`}},
		}.lines(),
		view{
			title: "Refused documents", unit: "short", width: 6, page: "runbooks/VeltrixSettingsRefused.md",
			means:   "Documents that an instance refused, by the setting that it complained about. It keeps what it had.",
			queries: []query{{"{{setting}}", `sum by (setting) (increase(veltrix_settings_refused_total{<client>}[$__rate_interval]))`}},
		}.lines(),
	)
}

// names is a regular expression of all client settings of a kind.
func names(k settings.Kind) string {
	var all []string
	for _, s := range settings.All() {
		if s.Kind == k && s.Class != settings.Broker {
			all = append(all, string(s.Name))
		}
	}
	return strings.Join(all, "|")
}
