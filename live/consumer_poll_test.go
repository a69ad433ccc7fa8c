package live

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// pollAll polls until n records have come and returns their values by partition.
func pollAll(t testing.TB, c *Consumer, n int) map[int][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := make(map[int][]string)
	for n > 0 {
		records, err := c.Poll(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, records)
		for _, r := range records {
			require.Equal(t, records[0].Partition, r.Partition)
			got[r.Partition] = append(got[r.Partition], string(r.Value))
		}
		n -= len(records)
	}
	return got
}

// Poll returns every record in order; what it returned is committed once the next Poll begins, and not before.
func TestPollCommitsWhatThePollBeforeReturned(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	w := newWriter(t, k)
	w.numbers(0, 0, 100)
	w.numbers(1, 0, 100)
	base := nimble()
	base[settings.ConsumerAutoCommitIntervalMs] = settings.Number(1)
	c, _ := consumerOf(t, k, base, func(*ConsumerOptions) {})
	got := pollAll(t, c, 200)
	require.Equal(t, map[int][]string{0: numbers(0, 100), 1: numbers(0, 100)}, got)
	require.Eventually(t, func() bool { return committed(t, k, 0)+committed(t, k, 1) == 100 }, patience, time.Millisecond,
		"the last batch is still in hand")

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := c.Poll(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool { return committed(t, k, 0)+committed(t, k, 1) == 200 }, patience, time.Millisecond)
	closeConsumer(t, c)
	_, err = c.Poll(t.Context())
	require.ErrorIs(t, err, ErrClosed)
}

// Commit commits at once, with what is in hand.
func TestCommitIncludesWhatIsInHand(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 100)
	base := nimble()
	base[settings.ConsumerAutoCommitIntervalMs] = settings.Number(600000)
	c, _ := consumerOf(t, k, base, func(*ConsumerOptions) {})
	require.NoError(t, c.Commit(t.Context()), "nothing to commit")
	pollAll(t, c, 100)
	require.NoError(t, c.Commit(t.Context()))
	require.Equal(t, int64(100), committed(t, k, 0))
	closeConsumer(t, c)
}

// What is in hand when the consumer is closed was not handled, as far as anybody knows.
func TestCloseDoesNotCommitWhatIsInHand(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 100)
	c, _ := consumerOf(t, k, nimble(), func(*ConsumerOptions) {})
	pollAll(t, c, 100)
	closeConsumer(t, c)
	require.LessOrEqual(t, committed(t, k, 0), int64(0))
}

// A rebalance waits for what is in hand. If that takes too long the partition goes without it, and a commit that
// comes later is refused.
func TestARebalanceWaitsForWhatIsInHand(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 100)
	patient, _ := consumerOf(t, k, nimble(), func(*ConsumerOptions) {})
	pollAll(t, patient, 100)
	revoked := make(chan struct{})
	hasty, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = (&ledger{}).handle
		o.OnAssigned = func(context.Context, map[string][]int) error { close(revoked); return nil }
	})
	r := run(t, hasty.Run)
	select {
	case <-revoked:
		t.Fatal("the partition was given back with records in hand")
	case <-time.After(300 * time.Millisecond): // Three heartbeats: the member knows of the rebalance.
	}
	require.NoError(t, patient.Commit(t.Context()))
	<-revoked
	require.Equal(t, int64(100), committed(t, k, 0))
	require.NoError(t, r.end())
	closeConsumer(t, patient)
}

// A member that is too slow for a rebalance can't commit what it has lost.
func TestWhatWasLostIsNotCommitted(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 100)
	revoked := make(chan struct{})
	slow, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.RebalanceTimeout = 500 * time.Millisecond
		o.OnRevoked = func(context.Context, map[string][]int) {
			select {
			case <-revoked:
			default:
				close(revoked)
			}
		}
	})
	pollAll(t, slow, 100)
	var l ledger
	other, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = l.handle })
	r := run(t, other.Run)
	<-revoked
	require.Eventually(t, func() bool { return errors.Is(slow.Commit(t.Context()), kafka.ErrGenerationEnded) || len(l.of(0)) > 0 }, patience, time.Millisecond)
	require.LessOrEqual(t, committed(t, k, 0), int64(0))
	require.NoError(t, r.end())
	closeConsumer(t, slow)
}

// A failed consumer says why, at every Poll.
func TestPollTellsWhyTheConsumerEnded(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Reset = Fail })
	for range 2 {
		_, err := c.Poll(t.Context())
		require.ErrorIs(t, err, ErrNoOffset)
	}
	closeConsumer(t, c)
}

// Waiting records are bounded by number and bytes, and the bound changes at once.
func TestPrefetchIsBounded(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	w := newWriter(t, k)
	for i := range 100 {
		w.numbers(0, 10*i, 10*i+10)
	}
	base := nimble()
	base[settings.ConsumerMaxPartitionFetchBytes] = settings.Number(1024)
	base[settings.ConsumerQueuedMaxRecords] = settings.Number(1)
	c, _ := consumerOf(t, k, base, func(*ConsumerOptions) {})
	pollAll(t, c, 1)
	b := c.currentSession().parts[0].inbox
	waiting := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.records
	}
	require.Eventually(t, func() bool { return waiting() > 0 }, patience, time.Millisecond)
	one := waiting()
	require.LessOrEqual(t, one, 60, "one fetch ahead")
	c.runtime.apply(settings.Update{Document: settings.Document{
		Schema: 1, App: "test", Generation: 1,
		Settings: settings.Values{
			settings.ConsumerQueuedMaxRecords:       settings.Number(200),
			settings.ConsumerMaxPartitionFetchBytes: settings.Number(1 << 20),
		},
	}})
	require.Eventually(t, func() bool { return waiting() >= 200 }, patience, time.Millisecond)
	closeConsumer(t, c)
}

// Nothing is fetched for a session that Poll doesn't see yet: it would look, find nothing, and wait for an arrival that
// has been announced already.
func TestNothingArrivesBeforePollCanSeeIt(t *testing.T) {
	k := newKafka(t, 1, "orders", 100)
	newWriter(t, k).numbers(99, 0, 10)
	var c *Consumer
	var early atomic.Bool
	k.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		if c.currentSession() == nil {
			early.Store(true)
		}
		return nil, nil, false
	})
	c, _ = consumerOf(t, k, nimble(), func(*ConsumerOptions) {})
	require.Equal(t, map[int][]string{99: numbers(0, 10)}, pollAll(t, c, 10))
	require.False(t, early.Load())
	closeConsumer(t, c)
}
