package live

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/veltrix/veltrix/settings"
)

// patience is a generous limit for what must happen, and is never waited out by a passing test.
const patience = 30 * time.Second

// newKafka starts an in-memory cluster with one topic.
func newKafka(t testing.TB, brokers int, topic string, partitions int32) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.SeedTopics(partitions, topic))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// newRuntime returns a runtime with the application's own values and a registry of its own.
func newRuntime(t testing.TB, base settings.Values, src Source) (*Runtime, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	r, err := NewRuntime(RuntimeOptions{App: "test", ID: "one", Base: base, Source: src, Registerer: reg})
	require.NoError(t, err)
	return r, reg
}

// newProducer returns a producer for the cluster that is closed at the end of the test.
func newProducer(t testing.TB, brokers []string, base settings.Values) *Producer {
	t.Helper()
	r, _ := newRuntime(t, base, nil)
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: brokers})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = p.Close(ctx)
	})
	return p
}

// readAll returns the records of a topic by partition, up to the end offsets of now.
func readAll(t testing.TB, c *kfake.Cluster, topic string) map[int32][]*kgo.Record {
	t.Helper()
	want := 0
	for _, p := range c.PartitionInfos(topic) {
		want += int(p.HighWatermark)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := make(map[int32][]*kgo.Record)
	for n := 0; n < want; {
		f := cl.PollFetches(ctx)
		require.NoError(t, f.Err())
		f.EachRecord(func(r *kgo.Record) {
			got[r.Partition] = append(got[r.Partition], r)
			n++
		})
	}
	return got
}

// scriptedSource delivers documents that a test hands it, and keeps the reports.
type scriptedSource struct {
	updates chan settings.Update

	mu sync.Mutex
	// failures is how often Watch gives up before it works.
	failures int
	reports  []settings.Report
}

func newScriptedSource() *scriptedSource {
	return &scriptedSource{updates: make(chan settings.Update)}
}

func (s *scriptedSource) Watch(ctx context.Context, apply func(settings.Update)) error {
	s.mu.Lock()
	s.failures--
	fail := s.failures >= 0
	s.mu.Unlock()
	if fail {
		return errors.New("the source is away")
	}
	for {
		select {
		case u := <-s.updates:
			apply(u)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *scriptedSource) Join(ctx context.Context, _ string, reports <-chan settings.Report) error {
	for {
		select {
		case r := <-reports:
			s.mu.Lock()
			s.reports = append(s.reports, r)
			s.mu.Unlock()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *scriptedSource) last() settings.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.reports) == 0 {
		return settings.Report{}
	}
	return s.reports[len(s.reports)-1]
}

// newKafkaAt starts an in-memory broker at addr with one topic.
func newKafkaAt(t testing.TB, addr, topic string, partitions int32) *kfake.Cluster {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	c, err := kfake.NewCluster(kfake.Ports(n), kfake.SeedTopics(partitions, topic))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}
