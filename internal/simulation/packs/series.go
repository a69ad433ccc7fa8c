package packs

import (
	"fmt"
	"maps"
	"math"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/veltrix/veltrix/internal/simulation"
	"github.com/veltrix/veltrix/settings"
)

// instances share the topic's partitions.
const instances = 3

// series is what a scrape finds: the counters of all instances together, which grow whether a scrape comes through or not.
type series struct {
	queue, request, batch, throttle      *histogram
	busy, sent, timedOut, refused, again float64
	partitions, available, brokersUp     float64
	values                               settings.Values
}

func newSeries() *series {
	return &series{
		queue: newHistogram(latencyBuckets()), request: newHistogram(latencyBuckets()),
		throttle: newHistogram(latencyBuckets()), batch: newHistogram(sizeBuckets()),
	}
}

// add counts what happened in the seconds that a scrape covers.
func (s *series) add(w *simulation.World, seen simulation.Seen, seconds float64) {
	requests, records := seen.Requests*seconds, seen.Load*seconds
	size := min(seen.Load/math.Max(seen.Requests, 1e-9)*w.Plant.RecordBytes, w.Tuned().BatchBytes)
	s.queue.observe(records, seen.QueueMean, seen.QueueP99)
	s.request.observe(requests, seen.Request, seen.RequestP99)
	s.batch.observe(requests, size, size)
	s.throttle.count += requests
	for i := range s.throttle.counts {
		s.throttle.counts[i] += requests
	}
	s.busy += seen.Busy * w.Plant.Partitions * seconds
	s.sent += records * (1 - seen.Timeouts)
	s.timedOut += records * seen.Timeouts
	s.again += records * seen.Timeouts // who timed out was sent again before
	s.partitions = w.Plant.Partitions
	s.brokersUp = w.Plant.Brokers - w.Plant.Lost
	s.values = settings.Defaults()
	maps.Copy(s.values, w.Document.Settings)
	s.available = float64(s.values[settings.ProducerBufferMemory].Int())
}

// each calls yield with every series and its value.
func (s *series) each(yield func(labels.Labels, float64)) {
	for b := range 3 {
		up := 0.0
		if float64(b) < s.brokersUp {
			up = 1
		}
		yield(labels.FromStrings(model.MetricNameLabel, "up", "job", "kafka", "instance", strconv.Itoa(b)), up)
	}
	for i := range instances {
		s.ofInstance(func(name string, value float64, more ...string) {
			yield(labels.FromStrings(append([]string{model.MetricNameLabel, name, "client_id", "simulated", "instance", fmt.Sprintf("i%d", i)}, more...)...), value)
		})
	}
}

func (s *series) ofInstance(yield func(name string, value float64, more ...string)) {
	topic := []string{"topic", "records"}
	yield("kafka_producer_busy_seconds_total", s.busy/instances, topic...)
	yield("kafka_producer_partitions", s.partitions/instances, topic...)
	yield("kafka_producer_record_send_total", s.sent/instances, topic...)
	yield("kafka_producer_record_retry_total", s.again/instances, topic...)
	yield("kafka_producer_record_error_total", s.timedOut/instances, "topic", "records", "class", "timeout")
	yield("kafka_producer_record_error_total", s.refused/instances, "topic", "records", "class", "buffer_full")
	yield("kafka_producer_buffer_available_bytes", s.available)
	s.queue.each("kafka_producer_record_queue_time_seconds", yield, topic...)
	s.batch.each("kafka_producer_batch_size_bytes", yield, topic...)
	s.request.each("kafka_producer_request_latency_seconds", yield)
	s.throttle.each("kafka_producer_produce_throttle_time_seconds", yield)
	for name, value := range s.values {
		if !value.IsWord() {
			yield("veltrix_setting_value", float64(value.Int()), "setting", string(name))
		}
	}
}

// each calls yield with the histogram's series, an instance's share of them.
func (h *histogram) each(name string, yield func(string, float64, ...string), more ...string) {
	for i, bound := range h.bounds {
		le := strconv.FormatFloat(bound, 'g', -1, 64)
		yield(name+"_bucket", h.counts[i]/instances, append([]string{"le", le}, more...)...)
	}
	yield(name+"_bucket", h.count/instances, append([]string{"le", "+Inf"}, more...)...)
	yield(name+"_sum", h.sum/instances, more...)
	yield(name+"_count", h.count/instances, more...)
}
