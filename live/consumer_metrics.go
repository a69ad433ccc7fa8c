package live

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// consumerMetrics are shared by all consumers and tails of a runtime.
type consumerMetrics struct {
	records       *prometheus.CounterVec
	lag           *prometheus.GaugeVec
	age           *prometheus.HistogramVec
	fetchLatency  *prometheus.HistogramVec
	fetches       *prometheus.CounterVec
	commitLatency prometheus.Histogram
	rebalances    prometheus.Counter
}

func newConsumerMetrics(reg prometheus.Registerer, clientID string) (*consumerMetrics, error) {
	labels := prometheus.Labels{"client_id": clientID}
	topic := []string{"topic"}
	m := &consumerMetrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kafka_consumer_records_consumed_total", ConstLabels: labels,
			Help: "Records handed to the application.",
		}, topic),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kafka_consumer_records_lag", ConstLabels: labels,
			Help: "Records that are in the log and not handled yet, summed over the partitions that are read at present.",
		}, topic),
		age: prometheus.NewHistogramVec(consumerHistogram("kafka_consumer_record_age_seconds", labels,
			"Age of the oldest record of each batch when it was handed to the application, by the record's timestamp.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800), topic),
		fetchLatency: prometheus.NewHistogramVec(consumerHistogram("kafka_consumer_fetch_latency_seconds", labels,
			"Time from a fetch request to its answer, with the time that the broker waited for records.",
			.001, .0025, .005, .01, .025, .05, .1, .15, .25, .5, 1, 2.5, 5, 10, 30), topic),
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kafka_consumer_fetch_requests_total", ConstLabels: labels,
			Help: "Fetch requests sent, whatever became of them.",
		}, topic),
		commitLatency: prometheus.NewHistogram(consumerHistogram("kafka_consumer_commit_latency_seconds", labels,
			"Time from a commit of offsets to its answer.",
			.001, .0025, .005, .01, .025, .05, .1, .15, .25, .5, 1, 2.5, 5, 10, 30)),
		rebalances: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kafka_consumer_rebalance_total", ConstLabels: labels,
			Help: "Rebalances that ended with an assignment for this member.",
		}),
	}
	return m, register(reg, m.records, m.lag, m.age, m.fetchLatency, m.fetches, m.commitLatency, m.rebalances)
}

func consumerHistogram(name string, labels prometheus.Labels, help string, buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, ConstLabels: labels, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}
}

// consumerTopicMetrics are the metrics of one topic. All exist at 0 from the moment the topic is known.
type consumerTopicMetrics struct {
	records      prometheus.Counter
	lag          prometheus.Gauge
	age          prometheus.Observer
	fetchLatency prometheus.Observer
	fetches      prometheus.Counter
}

func (m *consumerMetrics) topic(name string) *consumerTopicMetrics {
	return &consumerTopicMetrics{
		records: m.records.WithLabelValues(name), lag: m.lag.WithLabelValues(name), age: m.age.WithLabelValues(name),
		fetchLatency: m.fetchLatency.WithLabelValues(name), fetches: m.fetches.WithLabelValues(name),
	}
}

func (m *consumerTopicMetrics) fetched(took time.Duration) {
	m.fetches.Inc()
	m.fetchLatency.Observe(took.Seconds())
}

// handOut counts records that are about to be handed to the application.
func (m *consumerTopicMetrics) handOut(records []Record) {
	m.records.Add(float64(len(records)))
	if len(records) > 0 {
		m.age.Observe(max(0, time.Since(records[0].Time).Seconds()))
	}
}

// lagGauge is one partition's part of the lag of its topic.
type lagGauge struct {
	sum prometheus.Gauge

	mu            sync.Mutex // guards the fields below
	position      int64      // what is handled ends here
	highWatermark int64
	reported      float64
	gone          bool
}

// handled notes where the handled part ends.
func (l *lagGauge) handled(position int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position = position
	l.report()
}

// seen notes where the log ends.
func (l *lagGauge) seen(highWatermark int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.highWatermark = highWatermark
	l.report()
}

// leave takes the partition out of the sum.
func (l *lagGauge) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	l.sum.Add(-l.reported)
	l.reported = 0
}

func (l *lagGauge) report() {
	if l.gone {
		return
	}
	lag := float64(max(0, l.highWatermark-l.position))
	l.sum.Add(lag - l.reported)
	l.reported = lag
}
