package live

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/settings"
)

// A group on a real broker reads every compression and passes over the markers of transactions, keeps its place
// through a broker that is killed and started again, and shares with members that come and go.
func TestARealGroup(t *testing.T) {
	const partitions = 3
	cluster := kafkatest.Start(t, kafkatest.Options{Brokers: 1, HeapMB: 256})
	addrs := cluster.Addrs()
	kafkatest.CreateTopic(t, addrs[0], "orders", partitions, 1)
	n := 0
	each := func(w *writer, more int) {
		for p := range partitions {
			w.numbers(p, n, n+more)
		}
		n += more
	}
	for _, codec := range []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	} {
		each(newWriterTo(t, addrs, kgo.ProducerBatchCompression(codec)), 200)
	}
	transactional := newWriterTo(t, addrs, kgo.TransactionalID("shop"))
	for range 3 {
		require.NoError(t, transactional.client.BeginTransaction())
		each(transactional, 10)
		require.NoError(t, transactional.client.EndTransaction(t.Context(), kgo.TryCommit))
	}

	var l ledger
	first := realMember(t, addrs, &l)
	for p := range partitions {
		l.requireNumbers(t, p, n)
	}
	for p := range partitions {
		end := endOf(t, addrs, p)
		require.Greater(t, end, int64(n), "markers take offsets, too")
		require.Eventually(t, func() bool { return committedAt(t, addrs, int32(p)) == end }, patience, 10*time.Millisecond)
	}

	w := newWriterTo(t, addrs)
	require.NoError(t, cluster.Nodes()[0].Kill())
	require.NoError(t, cluster.Nodes()[0].Start(t.Context()))
	each(w, 50)
	for p := range partitions {
		l.requireAll(t, p, n)
	}
	second := realMember(t, addrs, &l)
	each(w, 50)
	for p := range partitions {
		l.requireAll(t, p, n)
	}
	require.NoError(t, first.end())
	each(w, 50)
	for p := range partitions {
		l.requireAll(t, p, n)
	}
	require.NoError(t, second.end())

	r, _ := newRuntime(t, nil, nil)
	for p := range partitions {
		var read ledger
		next, err := ReadPartition(t.Context(), ReadOptions{Runtime: r, Brokers: addrs, Topic: "orders", Partition: p, Handler: read.tail})
		require.NoError(t, err)
		require.Equal(t, numbers(0, n), read.of(p))
		require.Equal(t, endOf(t, addrs, p), next)
		require.Equal(t, next, committedAt(t, addrs, int32(p)))
	}
}

// realMember runs a member of the group at a real cluster. A group that waits for a member that isn't there any more waits
// for longer than the test does.
func realMember(t *testing.T, addrs []string, l *ledger) *running {
	t.Helper()
	base := nimble()
	base[settings.ConsumerSessionTimeoutMs] = settings.Number(int64(4 * patience / time.Millisecond))
	r, _ := newRuntime(t, base, nil)
	c, err := NewConsumer(ConsumerOptions{Runtime: r, Brokers: addrs, Group: "billing", Topics: []string{"orders"}, Handler: l.handle, RebalanceTimeout: 4 * patience})
	require.NoError(t, err)
	return run(t, c.Run)
}

// endOf returns where a partition of "orders" ends.
func endOf(t *testing.T, addrs []string, partition int) int64 {
	t.Helper()
	r, _ := newRuntime(t, nil, nil)
	b := newBrokers(addrs, nil, nil, "test", r.logger)
	defer b.close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	end, err := b.offset(ctx, "orders", partition, kafka.LastOffset)
	require.NoError(t, err)
	return end
}
