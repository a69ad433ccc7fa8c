package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// Three members come and go while records are written and settings change: every record is handled, in order, and
// what is handled twice was in the hands of a member that lost the partition.
func TestMembersComeAndGo(t *testing.T) {
	const partitions, perPartition = 6, 3000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	k := newKafka(t, 3, "orders", partitions)
	w := newWriter(t, k)
	var (
		a      audit
		writes sync.WaitGroup
	)
	for p := range partitions {
		writes.Go(func() {
			for i := 0; i < perPartition; i += 50 {
				w.numbers(p, i, i+50)
			}
		})
	}
	var members [3]*auditedMember
	for step := range 24 {
		i := rng.IntN(len(members))
		if members[i] == nil {
			members[i] = a.join(t, k.ListenAddrs(), fmt.Sprint("member-", step))
		} else if rng.IntN(2) == 0 {
			members[i].leave(rng.IntN(2) == 0)
			members[i] = nil
		}
		for _, m := range members {
			if m != nil {
				m.apply(int64(step+1), rng)
			}
		}
		if rng.IntN(4) == 0 {
			k.ShufflePartitionLeaders()
		}
		a.progress(t, rng.IntN(500))
	}
	writes.Wait()
	for i, m := range members {
		if m == nil {
			members[i] = a.join(t, k.ListenAddrs(), fmt.Sprint("last-", i))
		}
	}
	require.Eventually(t, func() bool { return a.complete(partitions, perPartition) }, 2*patience, 10*time.Millisecond)
	for _, m := range members {
		m.leave(true)
	}
	a.requireExplained(t)
	for p := range int32(partitions) {
		require.Equal(t, int64(perPartition), committed(t, k, p))
	}
}

// Settings of the session count after one goodbye and one join; what is undone in time does not count at all.
func TestSessionSettingsAreAppliedByRejoiningOnce(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	var (
		mu       sync.Mutex
		timeouts []int32
		leaves   atomic.Int32
	)
	observe(k, kmsg.JoinGroup, func(r kmsg.Request) {
		mu.Lock()
		defer mu.Unlock()
		timeouts = append(timeouts, r.(*kmsg.JoinGroupRequest).SessionTimeoutMillis)
	})
	observe(k, kmsg.LeaveGroup, func(kmsg.Request) { leaves.Add(1) })
	w := newWriter(t, k)
	w.numbers(0, 0, 10)
	var l ledger
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.rejoinStep = l.handle, 200*time.Millisecond })
	run(t, c.Run)
	l.requireNumbers(t, 0, 10)
	for generation, ms := range []int64{10000, 11000, 12000} {
		c.runtime.apply(settings.Update{Document: settings.Document{
			Schema: 1, App: "test", Generation: int64(generation + 1),
			Settings: settings.Values{settings.ConsumerSessionTimeoutMs: settings.Number(ms)},
		}})
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(timeouts, 12000)
	}, patience, time.Millisecond)
	w.numbers(0, 10, 20)
	l.requireNumbers(t, 0, 20)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, int32(45000), timeouts[0])
	t.Log("joined with", timeouts)
	stays := slices.Compact(timeouts)
	require.LessOrEqual(t, len(stays), 3, "the three changes came faster than members rejoin")
	require.Equal(t, len(stays)-1, int(leaves.Load()))
}

// A session timeout that the brokers refuse does not end the consumer: it goes back to the former one.
func TestARefusedSessionTimeoutIsTakenBack(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	var refused, back atomic.Int32
	k.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		switch req.(*kmsg.JoinGroupRequest).SessionTimeoutMillis {
		case 1000000:
			refused.Add(1)
			res := req.ResponseKind().(*kmsg.JoinGroupResponse)
			res.ErrorCode = int16(kafka.InvalidSessionTimeout)
			return res, nil, true
		default:
			back.Add(refused.Load())
			return nil, nil, false
		}
	})
	w := newWriter(t, k)
	w.numbers(0, 0, 10)
	var l ledger
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.rejoinStep = l.handle, time.Millisecond })
	run(t, c.Run)
	l.requireNumbers(t, 0, 10)
	c.runtime.apply(settings.Update{Document: settings.Document{
		Schema: 1, App: "test", Generation: 1,
		Settings: settings.Values{settings.ConsumerSessionTimeoutMs: settings.Number(1000000)},
	}})
	require.Eventually(t, func() bool { return back.Load() > 0 }, patience, time.Millisecond)
	w.numbers(0, 10, 20)
	l.requireNumbers(t, 0, 20)
	require.Equal(t, int32(1), refused.Load())
}

// A leader that moves, connections that are cut and brokers that answer with errors are waited out.
func TestTroubleHeals(t *testing.T) {
	k := newKafka(t, 3, "orders", 3)
	w := newWriter(t, k)
	var (
		l    ledger
		wire cutter
	)
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler, o.Dialer = l.handle, &kafka.Dialer{DialFunc: wire.dial}
	})
	r := run(t, c.Run)
	n := 0
	step := func(trouble func()) {
		trouble()
		for p := range 3 {
			w.numbers(p, n, n+20)
		}
		n += 20
		for p := range 3 {
			l.requireAll(t, p, n)
		}
	}
	step(func() {})
	for range 3 {
		step(wire.cut)
		step(k.ShufflePartitionLeaders)
		step(k.RehashCoordinators)
	}
	for _, code := range []kafka.Error{kafka.NotLeaderForPartition, kafka.UnknownTopicOrPartition, kafka.KafkaStorageError, kafka.Unknown} {
		step(func() {
			k.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
				return fetchError(req.(*kmsg.FetchRequest), code), nil, true
			})
		})
	}
	require.NoError(t, r.end())
}

func fetchError(req *kmsg.FetchRequest, code kafka.Error) *kmsg.FetchResponse {
	res := req.ResponseKind().(*kmsg.FetchResponse)
	for _, topic := range req.Topics {
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic = topic.Topic
		for _, p := range topic.Partitions {
			rp := kmsg.NewFetchResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, int16(code)
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

// A handler that is too slow for a rebalance is told so by its context; the next holder gets its records, and nothing
// of them was committed.
func TestASlowHandlerIsToldToGiveUp(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 10)
	begun := make(chan struct{}, 10)
	slow, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.RebalanceTimeout = time.Second
		o.Handler = func(ctx context.Context, _ string, _ int, _ []Record) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
	})
	r := run(t, slow.Run)
	<-begun
	var l ledger
	other, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = l.handle
		o.OnAssigned = func(context.Context, map[string][]int) error {
			require.LessOrEqual(t, committed(t, k, 0), int64(0))
			return nil
		}
	})
	run(t, other.Run)
	select {
	case <-r.done:
		t.Fatalf("the slow member ended: %v", r.err)
	case <-begun: // The partition came back to it ...
		require.NoError(t, r.end()) // ... until it leaves.
	case <-time.After(time.Second):
	}
	l.requireNumbers(t, 0, 10)
}

// A topic that does not exist yet is read as soon as it does, and partitions that are added are, too.
func TestTopicsAndPartitionsAreFoundWhenTheyCome(t *testing.T) {
	k := newKafka(t, 1, "other", 1)
	var (
		l     ledger
		joins atomic.Int32
	)
	observe(k, kmsg.JoinGroup, func(kmsg.Request) { joins.Add(1) })
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.watchEvery = l.handle, 100*time.Millisecond })
	run(t, c.Run)
	require.Eventually(t, func() bool { return joins.Load() == 1 }, patience, time.Millisecond)
	w := newWriter(t, k)
	w.create(1)
	w.numbers(0, 0, 10)
	l.requireNumbers(t, 0, 10)
	w.grow(3)
	newWriter(t, k).numbers(2, 0, 10)
	l.requireNumbers(t, 2, 10)
	require.LessOrEqual(t, joins.Load(), int32(4), "each change is one rebalance, or two")
}

// create creates "orders".
func (w *writer) create(partitions int32) {
	w.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "orders", partitions, 1
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(w.t.Context(), w.client)
	require.NoError(w.t, err)
	require.Zero(w.t, res.Topics[0].ErrorCode)
}

// grow gives "orders" more partitions.
func (w *writer) grow(partitions int32) {
	w.t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	topic := kmsg.NewCreatePartitionsRequestTopic()
	topic.Topic, topic.Count = "orders", partitions
	req.Topics = append(req.Topics, topic)
	res, err := req.RequestWith(w.t.Context(), w.client)
	require.NoError(w.t, err)
	require.Zero(w.t, res.Topics[0].ErrorCode)
}
