package live

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/veltrix/veltrix/settings"
)

// One record goes to the broker with all its parts and comes back with its place in the log.
func TestARecordIsAcknowledgedWithItsPlace(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			c := newKafka(t, 1, "orders", 3)
			p := newProducer(t, c.ListenAddrs(), settings.Values{settings.ProducerCompressionType: settings.Word(codec)})
			type ack struct {
				rec Record
				err error
			}
			acks := make(chan ack, 1)
			sent := Record{Topic: "orders", Key: []byte("k"), Value: []byte("v"), Headers: []Header{{Key: "h", Value: []byte("x")}, {Key: "nil"}}}
			require.NoError(t, p.Send(t.Context(), sent, func(r Record, err error) { acks <- ack{r, err} }))
			a := <-acks
			require.NoError(t, a.err)
			require.Equal(t, keyPartition([]byte("k"), 3), a.rec.Partition)
			require.Zero(t, a.rec.Offset)
			require.False(t, a.rec.Time.IsZero())

			got := readAll(t, c, "orders")[int32(a.rec.Partition)]
			require.Len(t, got, 1)
			require.Equal(t, "k", string(got[0].Key))
			require.Equal(t, "v", string(got[0].Value))
			require.Equal(t, []kgo.RecordHeader{{Key: "h", Value: []byte("x")}, {Key: "nil"}}, got[0].Headers)
			require.Equal(t, a.rec.Time.UnixMilli(), got[0].Timestamp.UnixMilli())
		})
	}
}

// Many callers produce keyed records to several brokers at once: each key's records lie in one partition, in order,
// each of them once.
func TestConcurrentCallersKeepTheOrderOfKeys(t *testing.T) {
	c := newKafka(t, 3, "orders", 12)
	p := newProducer(t, c.ListenAddrs(), settings.Values{settings.ProducerLingerMs: settings.Number(1)})
	const callers, each = 16, 200
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				r := Record{Topic: "orders", Key: fmt.Append(nil, caller), Value: fmt.Append(nil, i)}
				if err := p.Produce(t.Context(), r); err != nil {
					t.Errorf("caller %d: %v", caller, err)
					return
				}
			}
		})
	}
	wg.Wait()
	next := make(map[string]int)
	for _, records := range readAll(t, c, "orders") {
		for _, r := range records {
			require.Equal(t, fmt.Sprint(next[string(r.Key)]), string(r.Value), "key %s", r.Key)
			next[string(r.Key)]++
		}
	}
	require.Len(t, next, callers)
	for key, n := range next {
		require.Equal(t, each, n, "key %s", key)
	}
}

// A topic that is created after its first record was handed over takes the record all the same.
func TestARecordWaitsForItsTopic(t *testing.T) {
	c := newKafka(t, 1, "orders", 1)
	p := newProducer(t, c.ListenAddrs(), nil)
	done := make(chan error, 1)
	require.NoError(t, p.Send(t.Context(), Record{Topic: "later", Value: []byte("v")}, func(_ Record, err error) { done <- err }))
	require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("v")}))
	require.NoError(t, c.CreateTopic("later", 2, nil))
	require.NoError(t, <-done)
}

// After Close nothing is accepted, and a second Close does no harm.
func TestCloseSendsWhatIsWaiting(t *testing.T) {
	c := newKafka(t, 1, "orders", 2)
	p := newProducer(t, c.ListenAddrs(), settings.Values{settings.ProducerLingerMs: settings.Number(5000)})
	var mu sync.Mutex
	acked := 0
	for range 100 {
		require.NoError(t, p.Send(t.Context(), Record{Topic: "orders", Value: []byte("v")}, func(_ Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				acked++
			}
		}))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, p.Close(ctx))
	require.Equal(t, 100, acked)
	require.NoError(t, p.Close(ctx))
	require.ErrorIs(t, p.Produce(ctx, Record{Topic: "orders"}), ErrClosed)
	require.ErrorIs(t, p.TryProduce(Record{Topic: "orders"}, nil), ErrClosed)
}

// A producer says what its options lack, and takes a list of brokers as it stands in an environment variable.
func TestAProducerChecksItsOptions(t *testing.T) {
	r, _ := newRuntime(t, nil, nil)
	_, err := NewProducer(ProducerOptions{Brokers: []string{"a:1"}})
	require.ErrorContains(t, err, "Runtime")
	_, err = NewProducer(ProducerOptions{Runtime: r})
	require.ErrorContains(t, err, "no broker")
	_, err = NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"a"}})
	require.ErrorContains(t, err, "host:port")
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"a:1, b:2", "c:3"}})
	require.NoError(t, err)
	require.Equal(t, "a:1,b:2,c:3", p.client.Addr.String())
	require.NoError(t, p.Close(t.Context()))
	require.Error(t, p.Produce(t.Context(), Record{}), "a record needs a topic")
}
