package live

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// nimble are settings with which a test need not wait.
func nimble() settings.Values {
	return settings.Values{
		settings.ConsumerFetchMaxWaitMs:       settings.Number(100),
		settings.ConsumerHeartbeatIntervalMs:  settings.Number(100),
		settings.ConsumerAutoCommitIntervalMs: settings.Number(50),
	}
}

// writer writes to partitions that the test chooses.
type writer struct {
	t      testing.TB
	client *kgo.Client
}

func newWriter(t testing.TB, c *kfake.Cluster) *writer {
	t.Helper()
	return newWriterTo(t, c.ListenAddrs())
}

func newWriterTo(t testing.TB, addrs []string, opts ...kgo.Opt) *writer {
	t.Helper()
	cl, err := kgo.NewClient(append(opts,
		kgo.SeedBrokers(addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(50*time.Millisecond),
	)...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return &writer{t: t, client: cl}
}

// numbers writes the values from to to-1, as text, to a partition of "orders".
func (w *writer) numbers(partition, from, to int) {
	w.t.Helper()
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{
			Topic: "orders", Partition: int32(partition), Key: fmt.Append(nil, "key-", i), Value: fmt.Append(nil, i),
			Headers: []kgo.RecordHeader{{Key: "n", Value: fmt.Append(nil, i)}},
		})
	}
	require.NoError(w.t, w.client.ProduceSync(w.t.Context(), records...).FirstErr())
}

// ledger keeps what was handed out.
type ledger struct {
	mu     sync.Mutex
	values map[int][]string
	events []string
}

func (l *ledger) handle(_ context.Context, _ string, partition int, records []Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.values == nil {
		l.values = make(map[int][]string)
	}
	for _, r := range records {
		l.values[partition] = append(l.values[partition], string(r.Value))
	}
	l.events = append(l.events, fmt.Sprint("records ", partition))
	return nil
}

func (l *ledger) tail(ctx context.Context, records []Record) error {
	return l.handle(ctx, "", records[0].Partition, records)
}

func (l *ledger) note(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event)
}

func (l *ledger) of(partition int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.values[partition]...)
}

func (l *ledger) story() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.events...)
}

// requireNumbers waits for the values 0 to n-1 of a partition, each once, in order.
func (l *ledger) requireNumbers(t testing.TB, partition, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(l.of(partition)) >= n }, patience, time.Millisecond,
		"partition %d never had %d records", partition, n)
	require.Equal(t, numbers(0, n), l.of(partition), "partition %d", partition)
}

// requireAll waits for the values 0 to n-1 of a partition, in order. Some may come again: a broken connection can
// take the last commit with it.
func (l *ledger) requireAll(t testing.TB, partition, n int) {
	t.Helper()
	once := func() []string {
		var out []string
		for _, v := range l.of(partition) {
			if v == fmt.Sprint(len(out)) {
				out = append(out, v)
			}
		}
		return out
	}
	require.Eventually(t, func() bool { return len(once()) >= n }, patience, time.Millisecond,
		"partition %d never had %d records", partition, n)
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// running is a consumer or tail that runs in the background of a test.
type running struct {
	t    testing.TB
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// run runs f until the test ends, or end is called.
func run(t testing.TB, f func(context.Context) error) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = f(ctx)
	}()
	t.Cleanup(func() { cancel(); r.wait() })
	return r
}

// wait returns what the part returned.
func (r *running) wait() error {
	r.t.Helper()
	select {
	case <-r.done:
		return r.err
	case <-time.After(patience):
		r.t.Error("it does not end")
		return nil
	}
}

// end asks the part to end and waits for it.
func (r *running) end() error {
	r.stop()
	return r.wait()
}

// consumerOf returns a consumer of "orders" and its registry.
func consumerOf(t testing.TB, c *kfake.Cluster, base settings.Values, change func(*ConsumerOptions)) (*Consumer, *prometheus.Registry) {
	t.Helper()
	r, reg := newRuntime(t, base, nil)
	o := ConsumerOptions{Runtime: r, Brokers: c.ListenAddrs(), Group: "billing", Topics: []string{"orders"}}
	change(&o)
	consumer, err := NewConsumer(o)
	require.NoError(t, err)
	return consumer, reg
}

// closeConsumer closes c, which must manage that in time.
func closeConsumer(t testing.TB, c *Consumer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, c.Close(ctx))
}

// committed returns the group's committed offset of a partition of "orders"; -1 if there is none.
func committed(t testing.TB, c *kfake.Cluster, partition int32) int64 {
	t.Helper()
	return committedAt(t, c.ListenAddrs(), partition)
}

func committedAt(t testing.TB, addrs []string, partition int32) int64 {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addrs...))
	require.NoError(t, err)
	defer cl.Close()
	req := kmsg.NewPtrOffsetFetchRequest()
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = "billing"
	topic := kmsg.NewOffsetFetchRequestGroupTopic()
	topic.Topic, topic.Partitions = "orders", []int32{partition}
	group.Topics = append(group.Topics, topic)
	req.Groups = append(req.Groups, group)
	req.Group = "billing"
	old := kmsg.NewOffsetFetchRequestTopic()
	old.Topic, old.Partitions = "orders", []int32{partition}
	req.Topics = append(req.Topics, old)
	res, err := req.RequestWith(t.Context(), cl)
	require.NoError(t, err)
	for _, g := range res.Groups {
		for _, topic := range g.Topics {
			for _, p := range topic.Partitions {
				return p.Offset
			}
		}
	}
	return -1
}

// observe calls see with every request of a kind, and lets the cluster answer it.
func observe(c *kfake.Cluster, key kmsg.Key, see func(kmsg.Request)) {
	c.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
		see(req)
		return nil, nil, false
	})
}

// cutter is a dialer whose connections can be cut.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
	dials int
}

func (k *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dials++
	if err == nil {
		k.conns = append(k.conns, c)
	}
	return c, err
}

// cut ends every connection that there is.
func (k *cutter) cut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		_ = c.Close()
	}
	k.conns = nil
}
