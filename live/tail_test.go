package live

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/settings"
)

// tailOf returns a tail of "orders".
func tailOf(t testing.TB, k *kfake.Cluster, l *ledger, change func(*TailOptions)) *Tail {
	t.Helper()
	r, _ := newRuntime(t, nimble(), nil)
	o := TailOptions{Runtime: r, Brokers: k.ListenAddrs(), Topic: "orders", Handler: l.tail}
	change(&o)
	tail, err := NewTail(o)
	require.NoError(t, err)
	return tail
}

// A tail reads everything and tells when it has caught up, partition by partition, empty ones included.
func TestATailReadsEverything(t *testing.T) {
	k := newKafka(t, 2, "orders", 3)
	w := newWriter(t, k)
	w.numbers(0, 0, 100)
	w.numbers(1, 0, 100)
	var (
		l      ledger
		mu     sync.Mutex
		caught = make(map[int]int)
	)
	tail := tailOf(t, k, &l, func(o *TailOptions) {
		o.OnCaughtUp = func(partition int) {
			mu.Lock()
			defer mu.Unlock()
			caught[partition] = len(l.of(partition))
		}
	})
	r := run(t, tail.Run)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(caught) == 3
	}, patience, time.Millisecond)
	require.Equal(t, map[int]int{0: 100, 1: 100, 2: 0}, caught)
	for p := range 2 {
		w.numbers(p, 100, 150)
		l.requireNumbers(t, p, 150)
	}
	require.NoError(t, r.end())
	require.Equal(t, map[int]int{0: 100, 1: 100, 2: 0}, caught, "once for each partition")
}

// A tail begins where it is told to.
func TestATailBeginsWhereItIsTold(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	w := newWriter(t, k)
	w.numbers(0, 0, 100)
	w.numbers(1, 0, 100)
	var l ledger
	caught := make(chan int, 2)
	tail := tailOf(t, k, &l, func(o *TailOptions) {
		o.From = TailFrom{Start: Latest, Offsets: map[int]int64{1: 90}}
		o.OnCaughtUp = func(partition int) { caught <- partition }
	})
	run(t, tail.Run)
	<-caught
	<-caught
	w.numbers(0, 100, 110)
	require.Eventually(t, func() bool { return len(l.of(0)) == 10 && len(l.of(1)) == 10 }, patience, time.Millisecond)
	require.Equal(t, numbers(100, 110), l.of(0))
	require.Equal(t, numbers(90, 100), l.of(1))
}

// A tail goes on through moved leaders, cut connections and a topic that comes late, and reads nothing twice.
func TestATailHeals(t *testing.T) {
	k := newKafka(t, 3, "other", 1)
	var (
		l    ledger
		wire cutter
	)
	tail := tailOf(t, k, &l, func(o *TailOptions) { o.Dialer = &kafka.Dialer{DialFunc: wire.dial} })
	r := run(t, tail.Run)
	w := newWriter(t, k)
	w.create(3)
	for round := range 5 {
		for p := range 3 {
			w.numbers(p, 20*round, 20*round+20)
			l.requireNumbers(t, p, 20*round+20)
		}
		wire.cut()
		k.ShufflePartitionLeaders()
	}
	w.grow(4)
	newWriter(t, k).numbers(3, 0, 10)
	l.requireNumbers(t, 3, 10)
	require.NoError(t, r.end())
}

// An error of the handler ends the tail with it.
func TestAHandlersErrorEndsATail(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	newWriter(t, k).numbers(0, 0, 10)
	boom := errors.New("boom")
	tail := tailOf(t, k, nil, func(o *TailOptions) {
		o.Handler = func(context.Context, []Record) error { return boom }
	})
	require.ErrorIs(t, run(t, tail.Run).wait(), boom)
}

// Records that were deleted before they were read are passed over.
func TestATailPassesOverWhatWasDeleted(t *testing.T) {
	k := newKafka(t, 1, "orders", 1)
	w := newWriter(t, k)
	w.numbers(0, 0, 100)
	w.deleteBefore(0, 40)
	var l ledger
	tail := tailOf(t, k, &l, func(o *TailOptions) { o.From = TailFrom{Offsets: map[int]int64{0: 10}} })
	run(t, tail.Run)
	require.Eventually(t, func() bool { return len(l.of(0)) == 60 }, patience, time.Millisecond)
	require.Equal(t, numbers(40, 100), l.of(0))
}

// A tail that finds no broker ends with its context.
func TestATailWithoutABrokerEndsWithItsContext(t *testing.T) {
	for name, broker := range map[string]func(testing.TB) string{"nobody": nobody, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			r, _ := newRuntime(t, nil, nil)
			tail, err := NewTail(TailOptions{Runtime: r, Brokers: []string{broker(t)}, Topic: "orders", Handler: (&ledger{}).tail})
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			require.NoError(t, tail.Run(ctx))
			require.Less(t, time.Since(start), 2*time.Second)
		})
	}
}

// A bounded reading ends where the log ended when it began, or where it is told to.
func TestAPartitionIsReadToItsEnd(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	w := newWriter(t, k)
	w.numbers(0, 0, 1000)
	base := nimble()
	base[settings.ConsumerFetchMinBytes] = settings.Number(1 << 20)
	base[settings.ConsumerFetchMaxWaitMs] = settings.Number(60000)
	r, reg := newRuntime(t, base, nil)
	read := func(partition int, from, to int64) ([]string, int64) {
		var l ledger
		next, err := ReadPartition(t.Context(), ReadOptions{
			Runtime: r, Brokers: k.ListenAddrs(), Topic: "orders", Partition: partition, From: from, To: to, Handler: l.tail,
		})
		require.NoError(t, err)
		return l.of(partition), next
	}
	got, next := read(0, 0, 0)
	require.Equal(t, numbers(0, 1000), got)
	require.Equal(t, int64(1000), next)
	got, next = read(0, 300, 400)
	require.Equal(t, numbers(300, 400), got)
	require.Equal(t, int64(400), next)
	got, next = read(0, 1000, 0)
	require.Empty(t, got)
	require.Equal(t, int64(1000), next)
	got, next = read(1, 0, 0)
	require.Empty(t, got)
	require.Zero(t, next)
	w.deleteBefore(0, 600)
	got, next = read(0, 0, 0)
	require.Equal(t, numbers(600, 1000), got)
	require.Equal(t, int64(1000), next)
	require.InDelta(t, 1500, metricOf(t, reg, "kafka_consumer_records_consumed_total", nil), 0)

	boom := errors.New("boom")
	_, err := ReadPartition(t.Context(), ReadOptions{
		Runtime: r, Brokers: k.ListenAddrs(), Topic: "orders",
		Handler: func(context.Context, []Record) error { return boom },
	})
	require.ErrorIs(t, err, boom)
	_, err = ReadPartition(t.Context(), ReadOptions{Runtime: r})
	require.ErrorContains(t, err, "needs a Topic")
}

// Bad options are refused with what to do about them.
func TestATailRefusesImpossibleOptions(t *testing.T) {
	r, _ := newRuntime(t, nil, nil)
	good := TailOptions{Runtime: r, Brokers: []string{"b:9092"}, Topic: "t", Handler: (&ledger{}).tail}
	for want, change := range map[string]func(*TailOptions){
		"needs a Runtime":        func(o *TailOptions) { o.Runtime = nil },
		"no broker is named":     func(o *TailOptions) { o.Brokers = nil },
		"needs the name":         func(o *TailOptions) { o.Topic = "" },
		"needs a Handler":        func(o *TailOptions) { o.Handler = nil },
		"use Earliest or Latest": func(o *TailOptions) { o.From.Start = Fail },
	} {
		o := good
		change(&o)
		_, err := NewTail(o)
		require.ErrorContains(t, err, want)
	}
}

// The lag of a topic is what its readers have still to handle; it goes down to 0, and leaves with its reader.
func TestLagIsMeasured(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	w := newWriter(t, k)
	w.numbers(0, 0, 100)
	w.numbers(1, 0, 50)
	release := make(chan struct{})
	c, reg := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
		o.Handler = func(ctx context.Context, _ string, _ int, _ []Record) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	lag := func() float64 {
		return metricOf(t, reg, "kafka_consumer_records_lag", map[string]string{"topic": "orders"})
	}
	r := run(t, c.Run)
	require.Eventually(t, func() bool { return lag() == 150 }, patience, time.Millisecond)
	close(release)
	require.Eventually(t, func() bool { return lag() == 0 }, patience, time.Millisecond)
	require.NoError(t, r.end())

	// A second consumer and a tail of the same runtime share the metrics.
	_, err := NewConsumer(ConsumerOptions{Runtime: c.runtime, Brokers: k.ListenAddrs(), Group: "g", Topics: []string{"orders"}})
	require.NoError(t, err)
	_, err = NewTail(TailOptions{Runtime: c.runtime, Brokers: k.ListenAddrs(), Topic: "orders", Handler: (&ledger{}).tail})
	require.NoError(t, err)
}
