package rules

import "strings"

// kind is the type of a metric.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// catalogue lists what the live client, the engine and the sidecar export.
func catalogue() map[string]kind {
	return map[string]kind{
		"kafka_producer_record_latency_seconds":        histogram,
		"kafka_producer_record_queue_time_seconds":     histogram,
		"kafka_producer_request_latency_seconds":       histogram,
		"kafka_producer_requests_total":                counter,
		"kafka_producer_records_per_request":           histogram,
		"kafka_producer_batch_size_bytes":              histogram,
		"kafka_producer_record_send_total":             counter,
		"kafka_producer_record_error_total":            counter,
		"kafka_producer_record_retry_total":            counter,
		"kafka_producer_buffer_available_bytes":        gauge,
		"kafka_producer_produce_throttle_time_seconds": histogram,
		"kafka_producer_busy_seconds_total":            counter,
		"kafka_producer_partitions":                    gauge,

		"kafka_consumer_records_consumed_total": counter,
		"kafka_consumer_records_lag":            gauge,
		"kafka_consumer_record_age_seconds":     histogram,
		"kafka_consumer_fetch_latency_seconds":  histogram,
		"kafka_consumer_fetch_requests_total":   counter,
		"kafka_consumer_commit_latency_seconds": histogram,
		"kafka_consumer_rebalance_total":        counter,

		"veltrix_setting_value":          gauge,
		"veltrix_settings_generation":    gauge,
		"veltrix_settings_refused_total": counter,

		"hunt_http_request_duration_seconds": histogram,
		"hunt_claims_total":                  counter,
		"hunt_waiting_requests":              gauge,
		"hunt_referee_lag_records":           gauge,
		"hunt_view_lag_records":              gauge,

		"veltrix_annotations_total":                            counter,
		"veltrix_tick_duration_seconds":                        histogram,
		"veltrix_ticks_total":                                  counter,
		"veltrix_ticks_missed_total":                           counter,
		"veltrix_tick_failures_total":                          counter,
		"veltrix_last_tick_timestamp_seconds":                  gauge,
		"veltrix_leader":                                       gauge,
		"veltrix_decisions_total":                              counter,
		"veltrix_changes_total":                                counter,
		"veltrix_objective_value":                              gauge,
		"veltrix_objective_max":                                gauge,
		"veltrix_objective_min":                                gauge,
		"veltrix_load":                                         gauge,
		"veltrix_trial_running":                                gauge,
		"veltrix_document_generation":                          gauge,
		"veltrix_instances":                                    gauge,
		"veltrix_instances_acknowledged":                       gauge,
		"veltrix_held":                                         gauge,
		"veltrix_rule_state":                                   gauge,
		"veltrix_rule_blind":                                   gauge,
		"veltrix_rule_evaluations_total":                       counter,
		"veltrix_rule_evaluation_failures_total":               counter,
		"veltrix_query_duration_seconds":                       histogram,
		"veltrix_query_failures_total":                         counter,
		"veltrix_commit_duration_seconds":                      histogram,
		"veltrix_commit_conflicts_total":                       counter,
		"veltrix_rules_file_last_load_successful":              gauge,
		"veltrix_config_last_reload_successful":                gauge,
		"veltrix_config_last_reload_success_timestamp_seconds": gauge,
	}
}

// lookup returns the type of a series by its name. The buckets, sum and count of a histogram are counters.
func lookup(known map[string]kind, name string) (kind, bool) {
	if k, ok := known[name]; ok {
		return k, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && known[base] == histogram {
			return counter, true
		}
	}
	return "", false
}
