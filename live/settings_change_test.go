package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// Five hundred changes of settings while eight goroutines produce keyed records, the brokers fail now and then, and
// leaders move: every acknowledged record is in the log, and the first appearances of a key's records are in order.
func TestSettingsChangeUnderLoadLosesAndReordersNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	const topic, keys, changes = "orders", 8, 500
	c := newKafka(t, 3, topic, 6)
	failNowAndThen(c, seed)
	r, _ := newRuntime(t, settings.Values{
		settings.ProducerRetryBackoffMs: settings.Number(1), settings.ProducerRetryBackoffMaxMs: settings.Number(20),
	}, nil)
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: c.ListenAddrs()})
	require.NoError(t, err)

	var stop atomic.Bool
	var wg sync.WaitGroup
	acked := make([]map[int]bool, keys)
	progress := make(chan struct{}, 1<<16) // Every 20 records bring a change, so that the test has one size on any machine.
	for key := range keys {
		acked[key] = make(map[int]bool)
		wg.Go(func() { produceInOrder(t, p, topic, key, &stop, progress, acked[key]) })
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	for g := range changes {
		r.apply(settings.Update{Document: randomDocument(rng, int64(g+1), topic)})
		require.Equal(t, int64(g+1), r.Generation(), "the document is refused: %+v", r.refused)
		if g%50 == 0 {
			c.ShufflePartitionLeaders()
		}
		for range 20 {
			<-progress
		}
	}
	stop.Store(true)
	r.apply(settings.Update{}) // Back to the application's own values, for the rest to leave soon.
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, p.Close(ctx))
	c.DropControl()
	requireOrder(t, c, topic, acked)
}

// produceInOrder sends records with ascending values under one key, without waiting for each, notes what was
// acknowledged, and tells of progress.
func produceInOrder(t *testing.T, p *Producer, topic string, key int, stop *atomic.Bool, progress chan struct{}, acked map[int]bool) {
	var mu sync.Mutex
	var open sync.WaitGroup
	for i := 0; !stop.Load(); i++ {
		open.Add(1)
		r := Record{Topic: topic, Key: fmt.Append(nil, key), Value: fmt.Append(nil, i)}
		err := p.Send(t.Context(), r, func(_ Record, err error) {
			defer open.Done()
			mu.Lock()
			defer mu.Unlock()
			acked[i] = err == nil
			select {
			case progress <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Errorf("key %d, record %d: %v", key, i, err)
			open.Done()
			return
		}
		if i%16 == 15 {
			open.Wait() // Keeps the test's size in bounds.
		}
	}
	open.Wait()
}

// randomDocument draws values from the producer's settings that may change at any time.
func randomDocument(rng *rand.Rand, generation int64, topic string) settings.Document {
	pick := func(ns ...int64) settings.Value { return settings.Number(ns[rng.IntN(len(ns))]) }
	values := settings.Values{
		settings.ProducerLingerMs:          pick(0, 1, 5, 20),
		settings.ProducerBatchSize:         pick(1024, 4096, 262144),
		settings.ProducerBatchMaxRecords:   pick(1, 10, 10000),
		settings.ProducerCompressionType:   settings.Word([]string{"none", "gzip", "snappy", "lz4", "zstd"}[rng.IntN(5)]),
		settings.ProducerRequestTimeoutMs:  pick(5000, 30000),
		settings.ProducerDeliveryTimeoutMs: pick(60000, 120000),
		settings.ProducerBufferMemory:      pick(1<<20, 32<<20),
		settings.ProducerMaxBlockMs:        pick(30000, 60000),
	}
	return settings.Document{
		Schema: settings.SchemaVersion, App: "test", Generation: generation, Settings: values,
		Topics: map[string]settings.Values{topic: {settings.ProducerLingerMs: pick(0, 2, 10)}},
	}
}

// failNowAndThen makes the cluster refuse one produce request in twenty and cut the connection at one in a hundred.
func failNowAndThen(c *kfake.Cluster, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		switch n := rng.IntN(100); {
		case n == 0:
			return nil, errors.New("cut"), true
		case n < 6:
			codes := []int16{5, 6, 7, 19, 20}
			return refuse(req.(*kmsg.ProduceRequest), codes[rng.IntN(len(codes))]), nil, true
		default:
			return nil, nil, false
		}
	})
}

// refuse answers every partition of req with an error code.
func refuse(req *kmsg.ProduceRequest, code int16) *kmsg.ProduceResponse {
	res := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, code
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

// requireOrder checks that each key's acknowledged records are there and that they first appear in order.
func requireOrder(t *testing.T, c *kfake.Cluster, topic string, acked []map[int]bool) {
	t.Helper()
	requireAcknowledged(t, readAll(t, c, topic), acked)
}

func requireAcknowledged(t *testing.T, log map[int32][]*kgo.Record, acked []map[int]bool) {
	t.Helper()
	seen := make(map[string]map[int]bool)
	newest := make(map[string]int)
	for _, records := range log {
		for _, r := range records {
			if r.Key == nil {
				continue
			}
			key := string(r.Key)
			if seen[key] == nil {
				seen[key], newest[key] = make(map[int]bool), -1
			}
			var i int
			_, err := fmt.Sscan(string(r.Value), &i)
			require.NoError(t, err)
			if !seen[key][i] {
				require.Greater(t, i, newest[key], "key %s", key)
				newest[key] = i
			}
			seen[key][i] = true
		}
	}
	total := 0
	for key, records := range acked {
		for i, ok := range records {
			require.True(t, ok, "key %d: record %d failed", key, i)
			require.True(t, seen[fmt.Sprint(key)][i], "key %d: record %d was acknowledged and is not in the log", key, i)
			total++
		}
	}
	require.Positive(t, total)
	t.Logf("%d records acknowledged", total)
}
