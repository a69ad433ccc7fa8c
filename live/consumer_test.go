package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// Everything that was written before and while the consumer runs is handled once, in order, with all its parts.
func TestEveryRecordIsHandledInOrder(t *testing.T) {
	k := newKafka(t, 3, "orders", 4)
	w := newWriter(t, k)
	for p := range 4 {
		w.numbers(p, 0, 500)
	}
	var (
		l     ledger
		first sync.Once
	)
	c, reg := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = func(ctx context.Context, topic string, partition int, records []Record) error {
			first.Do(func() {
				r := records[0]
				require.Equal(t, "orders", r.Topic)
				require.Equal(t, topic, r.Topic)
				require.Equal(t, partition, r.Partition)
				require.Equal(t, "key-0", string(r.Key))
				require.Equal(t, []Header{{Key: "n", Value: []byte("0")}}, r.Headers)
				require.WithinDuration(t, time.Now(), r.Time, time.Minute)
			})
			for i, r := range records {
				require.Equal(t, records[0].Offset+int64(i), r.Offset)
			}
			return l.handle(ctx, topic, partition, records)
		}
	})
	r := run(t, c.Run)
	for p := range 4 {
		w.numbers(p, 500, 1000)
		l.requireNumbers(t, p, 1000)
	}
	require.NoError(t, r.end())
	for p := range int32(4) {
		require.Equal(t, int64(1000), committed(t, k, p), "what was handled is committed at the end")
	}
	require.InDelta(t, 4000, metricOf(t, reg, "kafka_consumer_records_consumed_total", map[string]string{"topic": "orders", "client_id": "test"}), 0)
	require.InDelta(t, 1, metricOf(t, reg, "kafka_consumer_rebalance_total", nil), 0)
	require.Positive(t, metricOf(t, reg, "kafka_consumer_fetch_requests_total", nil))
	require.Positive(t, metricOf(t, reg, "kafka_consumer_fetch_latency_seconds", nil))
	require.Positive(t, metricOf(t, reg, "kafka_consumer_commit_latency_seconds", nil))
	require.Positive(t, metricOf(t, reg, "kafka_consumer_record_age_seconds", nil))
	require.InDelta(t, 0, metricOf(t, reg, "kafka_consumer_records_lag", nil), 0)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// Fetch settings count from the next fetch on, and nobody has to rejoin for them.
func TestFetchSettingsCountFromTheNextFetch(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	var joins atomic.Int32
	fetches := make(chan *kmsg.FetchRequest, 1000)
	observe(k, kmsg.JoinGroup, func(kmsg.Request) { joins.Add(1) })
	observe(k, kmsg.Fetch, func(r kmsg.Request) {
		select {
		case fetches <- r.(*kmsg.FetchRequest):
		default:
		}
	})
	var l ledger
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = l.handle })
	run(t, c.Run)
	f := <-fetches
	require.Equal(t, int32(100), f.MaxWaitMillis)
	require.Equal(t, int32(1), f.MinBytes)
	require.Equal(t, int32(1<<20), f.Topics[0].Partitions[0].PartitionMaxBytes)

	c.runtime.apply(settings.Update{Document: settings.Document{
		Schema: 1, App: "test", Generation: 1,
		Settings: settings.Values{
			settings.ConsumerFetchMaxWaitMs:         settings.Number(70),
			settings.ConsumerFetchMinBytes:          settings.Number(0),
			settings.ConsumerMaxPartitionFetchBytes: settings.Number(4096),
		},
		Topics: map[string]settings.Values{"orders": {settings.ConsumerFetchMaxWaitMs: settings.Number(60)}},
	}})
	require.Equal(t, int64(1), c.runtime.Generation())
	// One fetch may have been under way.
	require.Eventually(t, func() bool {
		f = <-fetches
		return f.MaxWaitMillis == 60
	}, patience, time.Millisecond)
	require.Equal(t, int32(1), f.MinBytes, "a broker that is asked for 0 bytes answers at once, again and again")
	require.Equal(t, int32(4096), f.MaxBytes)
	require.Equal(t, int32(4096), f.Topics[0].Partitions[0].PartitionMaxBytes)
	require.Equal(t, int32(1), joins.Load())
}

// A commit never covers a record that was not handled; a consumer that dies loses nothing.
func TestACommitNeverRunsAheadOfHandling(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	var handled, violations atomic.Int64
	var member atomic.Value
	observe(k, kmsg.OffsetCommit, func(r kmsg.Request) {
		member.Store(r.(*kmsg.OffsetCommitRequest).MemberID)
		if r.(*kmsg.OffsetCommitRequest).Topics[0].Partitions[0].Offset > handled.Load() {
			violations.Add(1)
		}
	})
	base := nimble()
	base[settings.ConsumerAutoCommitIntervalMs] = settings.Number(1)
	base[settings.ConsumerMaxPartitionFetchBytes] = settings.Number(1024)
	w := newWriter(t, k)
	for i := range 50 {
		w.numbers(0, 10*i, 10*i+10)
	}
	stuck := make(chan struct{})
	c, _ := consumerOf(t, k, base, func(o *ConsumerOptions) {
		o.Handler = func(ctx context.Context, _ string, _ int, records []Record) error {
			if records[len(records)-1].Offset >= 250 {
				close(stuck)
				<-ctx.Done()
				return ctx.Err()
			}
			handled.Store(records[len(records)-1].Offset + 1)
			return nil
		}
	})
	r := run(t, c.Run)
	<-stuck
	require.Eventually(t, func() bool { return committed(t, k, 0) == handled.Load() }, patience, time.Millisecond)
	c.cut() // It dies: no goodbye, no last commit.
	_ = r.wait()
	require.Equal(t, handled.Load(), committed(t, k, 0))
	require.Zero(t, violations.Load())

	w.expel(member.Load().(string)) // Its session times out.
	var l ledger
	next, _ := consumerOf(t, k, base, func(o *ConsumerOptions) { o.Handler = l.handle })
	run(t, next.Run)
	require.Eventually(t, func() bool { return len(l.of(0)) >= 500-int(handled.Load()) }, patience, time.Millisecond)
	require.Equal(t, numbers(int(handled.Load()), 500), l.of(0))
}

// With an interval of 0 every batch is committed before the next one is handed out.
func TestAnIntervalOfZeroCommitsEachBatch(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	base := nimble()
	base[settings.ConsumerAutoCommitIntervalMs] = settings.Number(0)
	base[settings.ConsumerMaxPartitionFetchBytes] = settings.Number(1024)
	w := newWriter(t, k)
	for i := range 20 {
		w.numbers(0, 10*i, 10*i+10)
	}
	var l ledger
	c, _ := consumerOf(t, k, base, func(o *ConsumerOptions) {
		o.Handler = func(ctx context.Context, topic string, partition int, records []Record) error {
			if records[0].Offset > 0 {
				require.Equal(t, records[0].Offset, committed(t, k, 0))
			}
			return l.handle(ctx, topic, partition, records)
		}
	})
	run(t, c.Run)
	l.requireNumbers(t, 0, 200)
}

// An assignment is announced before its first record and taken back after its last.
func TestAnAssignmentBracketsItsRecords(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	newWriter(t, k).numbers(0, 0, 10)
	var l ledger
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = l.handle
		o.OnAssigned = func(_ context.Context, p map[string][]int) error { l.note(fmt.Sprint("assigned ", p)); return nil }
		o.OnRevoked = func(_ context.Context, p map[string][]int) {
			require.Equal(t, int64(10), committed(t, k, 0), "what was handled is committed by then")
			l.note(fmt.Sprint("revoked ", p))
		}
	})
	run(t, c.Run)
	l.requireNumbers(t, 0, 10)
	closeConsumer(t, c)
	require.Equal(t, []string{"assigned map[orders:[0 1]]", "records 0", "revoked map[orders:[0 1]]"}, l.story())
}

// An error of a handler ends Run with it; what was handled before is committed, what failed is not.
func TestAHandlersErrorEndsRun(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	w := newWriter(t, k)
	w.numbers(0, 0, 10)
	boom := errors.New("boom")
	var l ledger
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = func(ctx context.Context, topic string, partition int, records []Record) error {
			if records[0].Offset >= 10 {
				return boom
			}
			return l.handle(ctx, topic, partition, records)
		}
	})
	r := run(t, c.Run)
	l.requireNumbers(t, 0, 10)
	w.numbers(0, 10, 20)
	err := r.wait()
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, "orders[0] from offset 10")
	require.Equal(t, int64(10), committed(t, k, 0))
	closeConsumer(t, c)
}

// An error of OnAssigned ends Run, too, before anything was handed out.
func TestAnErrorOfOnAssignedEndsRun(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 10)
	boom := errors.New("boom")
	var l ledger
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = l.handle
		o.OnAssigned = func(context.Context, map[string][]int) error { return boom }
		o.OnRevoked = func(context.Context, map[string][]int) { l.note("revoked") }
	})
	require.ErrorIs(t, run(t, c.Run).wait(), boom)
	require.Equal(t, []string{"revoked"}, l.story())
}

// expel takes a dead member out of the group.
func (w *writer) expel(member string) {
	w.t.Helper()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group, req.MemberID = "billing", member
	req.Members = []kmsg.LeaveGroupRequestMember{{MemberID: member}}
	res, err := req.RequestWith(w.t.Context(), w.client)
	require.NoError(w.t, err)
	require.Zero(w.t, res.ErrorCode)
}

// Bad options are refused with what to do about them.
func TestAConsumerRefusesImpossibleOptions(t *testing.T) {
	r, _ := newRuntime(t, nil, nil)
	good := ConsumerOptions{Runtime: r, Brokers: []string{"b:9092"}, Group: "g", Topics: []string{"t"}}
	for want, change := range map[string]func(*ConsumerOptions){
		"needs a Runtime":             func(o *ConsumerOptions) { o.Runtime = nil },
		"no broker is named":          func(o *ConsumerOptions) { o.Brokers = nil },
		"needs the name of its Group": func(o *ConsumerOptions) { o.Group = "" },
		"names of its Topics":         func(o *ConsumerOptions) { o.Topics = []string{"t", ""} },
		"is not host:port":            func(o *ConsumerOptions) { o.Brokers = []string{"a:1,b"} },
		"reset policy 7":              func(o *ConsumerOptions) { o.Reset = 7 },
		"must not be negative":        func(o *ConsumerOptions) { o.RebalanceTimeout = -1 },
	} {
		o := good
		change(&o)
		_, err := NewConsumer(o)
		require.ErrorContains(t, err, want)
	}
	c, err := NewConsumer(good)
	require.NoError(t, err)
	require.ErrorContains(t, c.Run(t.Context()), "set Handler to use Run")
	closeConsumer(t, c)
	closeConsumer(t, c)
	_, err = c.Poll(t.Context())
	require.ErrorIs(t, err, ErrClosed)
}

// A client that may not read is told so, instead of trying for ever.
func TestWhatWaitingCanNotHealEndsRun(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	k.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		res := req.ResponseKind().(*kmsg.JoinGroupResponse)
		res.ErrorCode = int16(kafka.GroupAuthorizationFailed)
		return res, nil, true
	})
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = (&ledger{}).handle })
	require.ErrorIs(t, run(t, c.Run).wait(), kafka.GroupAuthorizationFailed)
}
