package live

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// BenchmarkConsumer reads a full topic of 6 partitions as a new group, with three clients. The in-memory broker shares
// the machine, so that only ratios say something.
func BenchmarkConsumer(b *testing.B) {
	const partitions, perPartition, perBatch = 6, 50000, 500
	k := newKafka(b, 1, "orders", partitions)
	w := newWriterTo(b, k.ListenAddrs(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	value := make([]byte, 200)
	for range perPartition / perBatch {
		var records []*kgo.Record
		for i := range int32(partitions * perBatch) {
			records = append(records, &kgo.Record{Topic: "orders", Partition: i % partitions, Value: value})
		}
		require.NoError(b, w.client.ProduceSync(b.Context(), records...).FirstErr())
	}
	group := 0
	for name, read := range map[string]func(b *testing.B, k *kfake.Cluster, group string, n int64){
		"live": readLive, "kafka-go": readReader, "franz-go": readFranz,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				group++
				read(b, k, fmt.Sprint("group-", group), partitions*perPartition)
			}
			b.ReportMetric(float64(b.N*partitions*perPartition)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func readLive(b *testing.B, k *kfake.Cluster, group string, n int64) {
	b.Helper()
	var got atomic.Int64
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	c, _ := consumerOf(b, k, nil, func(o *ConsumerOptions) {
		o.Group = group
		o.Handler = func(_ context.Context, _ string, _ int, records []Record) error {
			if got.Add(int64(len(records))) >= n {
				cancel()
			}
			return nil
		}
	})
	require.NoError(b, c.Run(ctx))
}

func readReader(b *testing.B, k *kfake.Cluster, group string, n int64) {
	b.Helper()
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: k.ListenAddrs(), GroupID: group, Topic: "orders", MaxBytes: 1 << 20, CommitInterval: 5 * time.Second, MaxWait: 500 * time.Millisecond, QueueCapacity: 1000,
	})
	for range n {
		_, err := r.ReadMessage(b.Context())
		require.NoError(b, err)
	}
	require.NoError(b, r.Close())
}

func readFranz(b *testing.B, k *kfake.Cluster, group string, n int64) {
	b.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(k.ListenAddrs()...), kgo.ConsumerGroup(group), kgo.ConsumeTopics("orders"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(b, err)
	defer cl.Close()
	for n > 0 {
		f := cl.PollFetches(b.Context())
		require.NoError(b, f.Err())
		n -= int64(f.NumRecords())
	}
}
