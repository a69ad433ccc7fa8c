package live

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

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
