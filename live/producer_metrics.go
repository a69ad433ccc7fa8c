package live

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// writtenLately is how long a partition counts as written to after its last request.
const writtenLately = time.Minute

// producerMetrics counts for all producers of a runtime. Names follow Kafka's own metrics (KIP-714 and the Java
// client's). What belongs to a record or a batch has the label topic; what belongs to a request has not, since a
// request may carry several topics.
type producerMetrics struct {
	latency    *prometheus.HistogramVec
	queueTime  *prometheus.HistogramVec
	batchSize  *prometheus.HistogramVec
	sent       *prometheus.CounterVec
	errors     *prometheus.CounterVec
	retries    *prometheus.CounterVec
	requests   prometheus.Counter
	roundTrip  prometheus.Histogram
	perRequest prometheus.Histogram
	throttle   prometheus.Histogram

	available  *prometheus.Desc
	busy       *prometheus.Desc
	partitions *prometheus.Desc

	mu        sync.Mutex // guards the fields below
	producers []*Producer
	topics    map[string]*topicMetrics
	// past is the busy time of producers that were closed.
	past map[string]time.Duration
}

// topicMetrics are the metrics of one topic, looked up once.
type topicMetrics struct {
	latency   prometheus.Observer
	queueTime prometheus.Observer
	batchSize prometheus.Observer
	sent      prometheus.Counter
	retries   prometheus.Counter
	errors    map[string]prometheus.Counter
}

// latencyBuckets are in seconds, from a good local broker to a request timeout.
func latencyBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .15, .25, .5, 1, 2.5, 5, 10, 30}
}

// histogram returns options for a histogram that is both classic and native.
func histogram(name, help string, labels prometheus.Labels, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, ConstLabels: labels, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}
}

func newProducerMetrics(reg prometheus.Registerer, clientID string) (*producerMetrics, error) {
	labels, topic := prometheus.Labels{"client_id": clientID}, []string{"topic"}
	histogramVec := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(histogram(name, help, labels, buckets), topic)
	}
	counterVec := func(name, help string, by ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, by)
	}
	bytes, counts := prometheus.ExponentialBuckets(256, 4, 9), prometheus.ExponentialBuckets(1, 4, 9)
	m := &producerMetrics{
		latency: histogramVec("kafka_producer_record_latency_seconds",
			"Time from handing a record over to its acknowledgement.", latencyBuckets()),
		queueTime: histogramVec("kafka_producer_record_queue_time_seconds",
			"Time from handing a record over to the start of the first request that carried it: linger and the wait behind a request in flight.", latencyBuckets()),
		batchSize: histogramVec("kafka_producer_batch_size_bytes", "Encoded size of the batches sent, one for each partition of a request.", bytes),
		sent:      counterVec("kafka_producer_record_send_total", "Records that were acknowledged.", "topic"),
		errors:    counterVec("kafka_producer_record_error_total", "Records that failed, or were refused on the way in, by class of error.", "topic", "class"),
		retries:   counterVec("kafka_producer_record_retry_total", "Records that were sent again, once for each time.", "topic"),
		requests: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kafka_producer_requests_total", Help: "Produce requests sent, failed ones included.", ConstLabels: labels,
		}),
		roundTrip: prometheus.NewHistogram(histogram("kafka_producer_request_latency_seconds",
			"Time from the start of a produce request to its answer or its failure.", labels, latencyBuckets())),
		perRequest: prometheus.NewHistogram(histogram("kafka_producer_records_per_request", "Records in a produce request.", labels, counts)),
		throttle: prometheus.NewHistogram(histogram("kafka_producer_produce_throttle_time_seconds",
			"Time for which a broker asked to be left alone, observed once an answer; mostly 0.", labels, latencyBuckets())),
		available: prometheus.NewDesc("kafka_producer_buffer_available_bytes", "What buffer.memory has left.", nil, labels),
		busy: prometheus.NewDesc("kafka_producer_busy_seconds_total",
			"Time with a request in flight, or ready and held back by one to the same broker, summed over partitions. Its rate over kafka_producer_partitions is near 1 if the brokers are the limit.", topic, labels),
		partitions: prometheus.NewDesc("kafka_producer_partitions", "Partitions that were sent to within the last minute.", topic, labels),
		topics:     make(map[string]*topicMetrics), past: make(map[string]time.Duration),
	}
	return m, register(reg, m)
}

// parts are the collectors that count by themselves.
func (m *producerMetrics) parts() []prometheus.Collector {
	return []prometheus.Collector{
		m.latency, m.queueTime, m.batchSize, m.sent, m.errors, m.retries, m.requests, m.roundTrip, m.perRequest, m.throttle,
	}
}

// Describe implements prometheus.Collector.
func (m *producerMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.parts() {
		c.Describe(ch)
	}
	ch <- m.available
	ch <- m.busy
	ch <- m.partitions
}

// Collect implements prometheus.Collector.
func (m *producerMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.parts() {
		c.Collect(ch)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var available int64
	busy, lately := maps.Clone(m.past), make(map[string]int, len(m.topics))
	for _, p := range m.producers {
		available += p.buffer.available()
		for _, t := range p.allTopics() {
			b, n := t.usage()
			busy[t.name] += b
			lately[t.name] += n
		}
	}
	ch <- prometheus.MustNewConstMetric(m.available, prometheus.GaugeValue, float64(available))
	for name := range m.topics {
		ch <- prometheus.MustNewConstMetric(m.busy, prometheus.CounterValue, busy[name].Seconds(), name)
		ch <- prometheus.MustNewConstMetric(m.partitions, prometheus.GaugeValue, float64(lately[name]), name)
	}
}

// usage adds up the time in flight of a topic's partitions and counts those that were sent to lately.
func (t *topic) usage() (busy time.Duration, lately int) {
	for _, pt := range t.partitions() {
		b, wrote := pt.usage(t.producer.now)
		busy += b
		if wrote > 0 && t.producer.now()-wrote < int64(writtenLately) {
			lately++
		}
	}
	return busy, lately
}

// attach makes p part of what is collected.
func (m *producerMetrics) attach(p *Producer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.producers = append(m.producers, p)
}

// detach keeps what p was busy, so that the counter doesn't fall.
func (m *producerMetrics) detach(p *Producer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.producers = slices.DeleteFunc(m.producers, func(q *Producer) bool { return p == q })
	for _, t := range p.allTopics() {
		busy, _ := t.usage()
		m.past[t.name] += busy
	}
}

// topic returns a topic's metrics; all its series exist from then on.
func (m *producerMetrics) topic(name string) *topicMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, ok := m.topics[name]; ok {
		return t
	}
	t := &topicMetrics{
		latency: m.latency.WithLabelValues(name), queueTime: m.queueTime.WithLabelValues(name),
		batchSize: m.batchSize.WithLabelValues(name), sent: m.sent.WithLabelValues(name),
		retries: m.retries.WithLabelValues(name), errors: make(map[string]prometheus.Counter),
	}
	for _, class := range errorClasses() {
		t.errors[class] = m.errors.WithLabelValues(name, class)
	}
	m.topics[name] = t
	return t
}

// failed counts n records that failed with err.
func (t *topicMetrics) failed(err error, n int) { t.errors[errorClass(err)].Add(float64(n)) }

// request counts a request that took d.
func (m *producerMetrics) request(d time.Duration, batches []*batch) {
	m.requests.Inc()
	m.roundTrip.Observe(d.Seconds())
	records := 0
	for _, b := range batches {
		records += b.records.n
		b.partition.topic.metrics.batchSize.Observe(float64(b.size))
	}
	m.perRequest.Observe(float64(records))
}
