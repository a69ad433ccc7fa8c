package live

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The reset policy says where a group without offsets begins.
func TestResetPolicies(t *testing.T) {
	t.Run("earliest", func(t *testing.T) {
		k := newKafka(t, 1, "orders", 1)
		newWriter(t, k).numbers(0, 0, 10)
		var l ledger
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = l.handle })
		run(t, c.Run)
		l.requireNumbers(t, 0, 10)
	})
	t.Run("latest", func(t *testing.T) {
		k := newKafka(t, 1, "orders", 1)
		w := newWriter(t, k)
		w.numbers(0, 0, 10)
		var l ledger
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.Reset = l.handle, Latest })
		r := run(t, c.Run)
		require.Eventually(t, func() bool { return committed(t, k, 0) == 10 }, patience, time.Millisecond,
			"where it began is committed, or a rebalance would skip records")
		require.NoError(t, r.end())
		w.numbers(0, 10, 20)
		next, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.Reset = l.handle, Latest })
		run(t, next.Run)
		require.Eventually(t, func() bool { return len(l.of(0)) == 10 }, patience, time.Millisecond)
		require.Equal(t, numbers(10, 20), l.of(0))
	})
	t.Run("fail", func(t *testing.T) {
		k := newKafka(t, 1, "orders", 1)
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.Reset = (&ledger{}).handle, Fail })
		require.ErrorIs(t, run(t, c.Run).wait(), ErrNoOffset)
	})
	t.Run("an offset that was deleted", func(t *testing.T) {
		k := newKafka(t, 1, "orders", 1)
		w := newWriter(t, k)
		w.numbers(0, 0, 10)
		var before, after ledger
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = before.handle })
		r := run(t, c.Run)
		before.requireNumbers(t, 0, 10)
		require.NoError(t, r.end())
		w.numbers(0, 10, 30)
		w.deleteBefore(0, 20)
		next, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = after.handle })
		run(t, next.Run)
		require.Eventually(t, func() bool { return len(after.of(0)) == 10 }, patience, time.Millisecond)
		require.Equal(t, numbers(20, 30), after.of(0))
	})
}

// deleteBefore deletes the records of a partition of "orders" before offset.
func (w *writer) deleteBefore(partition int32, offset int64) {
	w.t.Helper()
	req := kmsg.NewPtrDeleteRecordsRequest()
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = "orders"
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	topic.Partitions = append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	for _, shard := range w.client.RequestSharded(w.t.Context(), req) {
		require.NoError(w.t, shard.Err)
	}
}
