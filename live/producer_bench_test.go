package live

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
)

// nowhere acknowledges everything at once and keeps nothing: what is left is the producer's own work.
type nowhere struct{ fakeBroker }

func (n *nowhere) RoundTrip(_ context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	switch r := req.(type) {
	case *metadata.Request:
		return n.metadata(r), nil
	case *rawproduce.Request:
		res := &produce.Response{}
		for _, t := range r.Topics {
			rt := produce.ResponseTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				rt.Partitions = append(rt.Partitions, produce.ResponsePartition{Partition: p.Partition})
			}
			res.Topics = append(res.Topics, rt)
		}
		return res, nil
	default:
		return nil, kafka.UnsupportedVersion
	}
}

// The way of a record through the producer: asynchronous, and with a caller that waits for each.
func BenchmarkProducer(b *testing.B) {
	for _, partitions := range []int{6, 60} {
		b.Run(fmt.Sprintf("async/partitions=%d", partitions), func(b *testing.B) {
			p, records := benchProducer(b, partitions)
			var open sync.WaitGroup
			done := func(Record, error) { open.Done() }
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				open.Add(1)
				if err := p.Send(b.Context(), records[i%len(records)], done); err != nil {
					b.Fatal(err)
				}
			}
			open.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
		b.Run(fmt.Sprintf("waiting/partitions=%d", partitions), func(b *testing.B) {
			p, records := benchProducer(b, partitions)
			b.SetParallelism(256)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if err := p.Produce(b.Context(), records[i%len(records)]); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func benchProducer(b *testing.B, partitions int) (*Producer, []Record) {
	b.Helper()
	r, _ := newRuntime(b, settings.Values{settings.ProducerLingerMs: settings.Number(1)}, nil)
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"nowhere:9092"}, Transport: &nowhere{fakeBroker{partitions: partitions}}})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, p.Close(context.Background())) })
	records := make([]Record, 1000)
	for i := range records {
		records[i] = Record{Topic: "orders", Key: fmt.Append(nil, "key-", i), Value: make([]byte, 200)}
	}
	require.NoError(b, p.Produce(b.Context(), records...))
	return p, records
}
