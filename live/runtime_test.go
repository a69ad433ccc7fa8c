package live

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
)

func document(generation int64, values settings.Values) settings.Document {
	return settings.Document{Schema: settings.SchemaVersion, App: "test", Generation: generation, Settings: values}
}

// A document lies over the application's own values; its absence takes it back.
func TestADocumentIsAnOverlay(t *testing.T) {
	r, reg := newRuntime(t, settings.Values{settings.ProducerLingerMs: settings.Number(7)}, nil)
	changed := r.Changed()
	d := document(3, settings.Values{settings.ProducerLingerMs: settings.Number(20), settings.ProducerCompressionType: settings.Word("lz4")})
	d.Topics = map[string]settings.Values{"fast": {settings.ProducerLingerMs: settings.Number(1)}}
	r.apply(settings.Update{Document: d})
	<-changed
	require.EqualValues(t, 3, r.Generation())
	require.EqualValues(t, 20, r.Effective("")[settings.ProducerLingerMs].Int())
	require.EqualValues(t, 20, r.Effective("any")[settings.ProducerLingerMs].Int())
	require.EqualValues(t, 1, r.Effective("fast")[settings.ProducerLingerMs].Int())
	require.Equal(t, "lz4", r.Effective("fast")[settings.ProducerCompressionType].Text())
	require.InDelta(t, 20, metricOf(t, reg, "veltrix_setting_value", map[string]string{"setting": "producer.linger.ms", "client_id": "test"}), 0)
	require.InDelta(t, 3, metricOf(t, reg, "veltrix_setting_value", map[string]string{"setting": "producer.compression.type"}), 0)
	require.InDelta(t, 3, metricOf(t, reg, "veltrix_settings_generation", nil), 0)

	r.apply(settings.Update{})
	require.Zero(t, r.Generation())
	require.EqualValues(t, 7, r.Effective("fast")[settings.ProducerLingerMs].Int())
}

// A document that may not be applied changes nothing; it is counted by setting and reported with its reason.
func TestARefusedDocumentChangesNothing(t *testing.T) {
	topics := func(v settings.Values) settings.Document {
		d := document(2, nil)
		d.Topics = map[string]settings.Values{"orders": v}
		return d
	}
	foreign := document(2, nil)
	foreign.App = "another"
	for name, tc := range map[string]struct {
		update settings.Update
		names  []settings.Name
		says   string
	}{
		"outside the table": {
			settings.Update{Document: document(2, settings.Values{settings.ProducerLingerMs: settings.Number(6000)})},
			[]settings.Name{settings.ProducerLingerMs},
			"5000",
		},
		"outside the application's bounds": {
			settings.Update{Document: document(2, settings.Values{settings.ProducerLingerMs: settings.Number(101)})},
			[]settings.Name{settings.ProducerLingerMs},
			"upper limit 100",
		},
		"below the floor": {
			settings.Update{Document: document(2, settings.Values{settings.ProducerAcks: settings.Word("1")})},
			[]settings.Name{settings.ProducerAcks},
			"floor",
		},
		"against the application's own values": {
			settings.Update{Document: document(2, settings.Values{settings.ProducerDeliveryTimeoutMs: settings.Number(1000)})},
			[]settings.Name{settings.ProducerDeliveryTimeoutMs},
			"linger.ms + producer.request.timeout.ms",
		},
		"bad for one topic": {
			settings.Update{Document: topics(settings.Values{settings.ProducerLingerMs: settings.Number(101)})},
			[]settings.Name{settings.ProducerLingerMs},
			`topic "orders"`,
		},
		"not for one topic alone": {
			settings.Update{Document: topics(settings.Values{settings.ProducerAcks: settings.Word("all")})},
			[]settings.Name{settings.ProducerAcks},
			"for the application",
		},
		"unknown setting": {
			settings.Update{Document: document(2, settings.Values{"producer.nonsense": settings.Number(1)})},
			[]settings.Name{"producer.nonsense"},
			"unknown setting",
		},
		"another application's": {settings.Update{Document: foreign}, nil, "another"},
		"unreadable":            {settings.Update{Err: errors.New("bad JSON")}, nil, "bad JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := prometheus.NewPedanticRegistry()
			limit := int64(100)
			r, err := NewRuntime(RuntimeOptions{
				App: "test", ID: "one", Registerer: reg, Bounds: settings.Bounds{settings.ProducerLingerMs: {Max: &limit}},
			})
			require.NoError(t, err)
			r.apply(settings.Update{Document: document(1, settings.Values{settings.ProducerLingerMs: settings.Number(50)})})
			before := r.snapshot()
			r.apply(tc.update)
			require.Same(t, before, r.snapshot())
			report := <-r.reports
			require.NotNil(t, report.Refusal)
			require.Equal(t, tc.update.Document.Generation, report.Refusal.Generation)
			require.Equal(t, tc.names, report.Refusal.Settings)
			require.Contains(t, report.Refusal.Reason, tc.says)
			require.EqualValues(t, 1, report.Generation)
			label := unreadable
			if len(tc.names) > 0 {
				label = string(tc.names[0])
			}
			require.InDelta(t, 1, metricOf(t, reg, "veltrix_settings_refused_total", map[string]string{"setting": label}), 0)

			r.apply(settings.Update{Document: document(3, nil)})
			require.Nil(t, (<-r.reports).Refusal, "a good document ends the refusal")
		})
	}
}

// An application that runs with acks=1 itself may be told so; one whose floor is 1 may be loosened to it.
func TestTheFloorIsTheApplicationsOwn(t *testing.T) {
	weak := settings.Update{Document: document(1, settings.Values{settings.ProducerAcks: settings.Word("1")})}
	own, _ := newRuntime(t, settings.Values{settings.ProducerAcks: settings.Word("1")}, nil)
	own.apply(weak)
	require.EqualValues(t, 1, own.Generation())

	allowed, err := NewRuntime(RuntimeOptions{App: "test", Floor: Floor{Acks: "1"}})
	require.NoError(t, err)
	allowed.apply(weak)
	require.Equal(t, "1", allowed.Effective("")[settings.ProducerAcks].Text())
}

// A cached document counts until the source itself has spoken.
func TestACachedDocumentIsMarkedAndGivesWay(t *testing.T) {
	r, _ := newRuntime(t, nil, nil)
	r.apply(settings.Update{Document: document(4, nil), Cached: true})
	require.True(t, r.Cached())
	r.apply(settings.Update{Document: document(5, nil)})
	require.False(t, r.Cached())
	r.apply(settings.Update{Document: document(4, nil), Cached: true})
	require.EqualValues(t, 5, r.Generation())
}

// A runtime that can't be right doesn't start.
func TestARuntimeRefusesImpossibleOptions(t *testing.T) {
	limit := int64(1)
	for says, o := range map[string]RuntimeOptions{
		"needs App and ID":   {Source: newScriptedSource()},
		"floor":              {Floor: Floor{Acks: "0"}},
		"producer.linger.ms": {Base: settings.Values{settings.ProducerLingerMs: settings.Number(-1)}},
		"upper limit 1":      {Bounds: settings.Bounds{settings.ProducerLingerMs: {Max: &limit}}},
		"unknown setting":    {Bounds: settings.Bounds{"nonsense": {}}},
	} {
		_, err := NewRuntime(o)
		require.ErrorContains(t, err, says)
	}
	reg := prometheus.NewPedanticRegistry()
	_, err := NewRuntime(RuntimeOptions{ClientID: "a", Registerer: reg})
	require.NoError(t, err)
	_, err = NewRuntime(RuntimeOptions{ClientID: "b", Registerer: reg})
	require.NoError(t, err)
	_, err = NewRuntime(RuntimeOptions{ClientID: "a", Registerer: reg})
	require.ErrorContains(t, err, "two runtimes with one client id")
}

// Run reports what the instance runs from the start, and after every change; it survives a source that gives up.
func TestRunReportsAndInsists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newScriptedSource()
		src.failures = 3
		r, _ := newRuntime(t, nil, src)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(time.Minute)
		require.Equal(t, "one", src.last().ID)
		require.Zero(t, src.last().Generation)
		src.updates <- settings.Update{Document: document(9, settings.Values{settings.ProducerLingerMs: settings.Number(20)})}
		synctest.Wait()
		require.EqualValues(t, 9, src.last().Generation)
		require.EqualValues(t, 20, src.last().Effective[settings.ProducerLingerMs].Int())
		require.NotContains(t, src.last().Effective, settings.Name("broker.num.io.threads"))
		cancel()
		require.NoError(t, <-done)
	})
}

// Reading a setting allocates nothing.
func TestReadingASettingAllocatesNothing(t *testing.T) {
	r, _ := newRuntime(t, nil, nil)
	d := document(1, nil)
	d.Topics = map[string]settings.Values{"fast": {settings.ProducerLingerMs: settings.Number(1)}}
	r.apply(settings.Update{Document: d})
	var linger time.Duration
	require.Zero(t, testing.AllocsPerRun(100, func() { linger = r.snapshot().forTopic("fast").producer.linger }))
	require.Equal(t, time.Millisecond, linger)
}

// All metrics pass Prometheus's own lint, and those that are known exist at 0 from the start.
func TestMetricsAreClean(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 2}
		p, _, reg := fakeProducer(t, b, nil)
		for _, class := range errorClasses() {
			requireSeries(t, reg, "kafka_producer_record_error_total", map[string]string{"client_id": "test", "topic": "orders", "class": class})
		}
		for _, name := range []string{
			"kafka_producer_record_latency_seconds", "kafka_producer_record_queue_time_seconds", "kafka_producer_request_latency_seconds",
			"kafka_producer_requests_total", "kafka_producer_records_per_request", "kafka_producer_batch_size_bytes",
			"kafka_producer_record_send_total", "kafka_producer_record_retry_total", "kafka_producer_buffer_available_bytes",
			"kafka_producer_produce_throttle_time_seconds", "kafka_producer_busy_seconds_total", "kafka_producer_partitions",
			"veltrix_settings_refused_total", "veltrix_setting_value", "veltrix_settings_generation",
		} {
			requireSeries(t, reg, name, map[string]string{"client_id": "test"})
		}
		b.took = 2 * time.Second
		require.NoError(t, p.Produce(t.Context(), keyed(0, "a"), keyed(1, "b")))
		require.InDelta(t, 2, metricOf(t, reg, "kafka_producer_record_send_total", nil), 0)
		require.InDelta(t, 2, metricOf(t, reg, "kafka_producer_record_latency_seconds", nil), 0)
		require.InDelta(t, 1, metricOf(t, reg, "kafka_producer_requests_total", nil), 0)
		require.InDelta(t, 2, metricOf(t, reg, "kafka_producer_partitions", nil), 0)
		require.InDelta(t, 4, metricOf(t, reg, "kafka_producer_busy_seconds_total", nil), 0.001)
		problems, err := testutil.GatherAndLint(reg)
		require.NoError(t, err)
		require.Empty(t, problems)
		closeNow(t, p)
		require.InDelta(t, 4, metricOf(t, reg, "kafka_producer_busy_seconds_total", nil), 0.001, "a closed producer's time stays counted")
	})
}

// Two producers of one runtime share their metrics.
func TestTwoProducersShareARuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1}
		p, r, reg := fakeProducer(t, b, nil)
		q, err := NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"fake:9092"}, Transport: b})
		require.NoError(t, err)
		require.NoError(t, p.Produce(t.Context(), keyed(0, "a")))
		require.NoError(t, q.Produce(t.Context(), keyed(0, "b")))
		synctest.Wait() // the memory of a record is given back after it is reported
		require.InDelta(t, 2, metricOf(t, reg, "kafka_producer_record_send_total", nil), 0)
		require.InDelta(t, 2*32<<20, metricOf(t, reg, "kafka_producer_buffer_available_bytes", nil), 0)
		closeNow(t, p)
		closeNow(t, q)
	})
}
