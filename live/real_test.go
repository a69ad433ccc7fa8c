package live

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/settings"
)

// A broker of three is killed under load, and started again: nothing acknowledged is lost, and the first appearances of
// a key's records are in order.
func TestABrokerIsKilledUnderLoad(t *testing.T) {
	c := kafkatest.Start(t, kafkatest.Options{Brokers: 3, HeapMB: 256, Properties: map[string]string{"min.insync.replicas": "2"}})
	kafkatest.CreateTopic(t, c.Addrs()[0], "orders", 6, 3)
	p := newProducer(t, c.Addrs(), settings.Values{
		settings.ProducerRequestTimeoutMs: settings.Number(5000), settings.ProducerCompressionType: settings.Word("lz4"),
	})
	const keys = 8
	var stop atomic.Bool
	var wg sync.WaitGroup
	acked := make([]map[int]bool, keys)
	progress := make(chan struct{}, 1<<16)
	for key := range keys {
		acked[key] = make(map[int]bool)
		wg.Go(func() { produceInOrder(t, p, "orders", key, &stop, progress, acked[key]) })
	}
	await(progress, 500)
	_, err := p.client.Transport.RoundTrip(t.Context(), p.client.Addr, &createtopics.Request{ValidateOnly: true})
	require.NoError(t, err, "what makes the transport renew its metadata is fine with a real broker")
	require.NoError(t, c.Nodes()[0].Kill())
	await(progress, 1500)
	require.NoError(t, c.Nodes()[0].Start(t.Context()))
	await(progress, 1500)
	stop.Store(true)
	wg.Wait()
	requireAcknowledged(t, readReal(t, c.Addrs(), "orders"), acked)
}

// await takes n signs of progress.
func await(progress <-chan struct{}, n int) {
	for range n {
		<-progress
	}
}

// readReal returns the records of a topic of a real cluster, up to the last stable offsets of now.
func readReal(t *testing.T, addrs []string, topic string) map[int32][]*kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addrs...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer cl.Close()
	p := newProducer(t, addrs, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	ends := make(map[int32]int64)
	for partition := range 6 { // One more record for each partition says where its end is.
		done := make(chan Record, 1)
		r := Record{Topic: topic, Key: keyForOf(partition, 6), Value: []byte("end")}
		require.NoError(t, p.Send(ctx, r, func(r Record, err error) {
			if err != nil {
				t.Error(err)
			}
			done <- r
		}))
		end := <-done
		ends[int32(end.Partition)] = end.Offset
	}
	got := make(map[int32][]*kgo.Record)
	for len(ends) > 0 {
		f := cl.PollFetches(ctx)
		require.NoError(t, ctx.Err())
		f.EachRecord(func(r *kgo.Record) {
			if strings.Contains(string(r.Value), "end") {
				delete(ends, r.Partition)
				return
			}
			got[r.Partition] = append(got[r.Partition], r)
		})
	}
	return got
}

// keyForOf returns a key of partition i of n.
func keyForOf(i, n int) []byte {
	for k := 0; ; k++ {
		if key := fmt.Append(nil, "end-", k); keyPartition(key, n) == i {
			return key
		}
	}
}
