package live

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
)

// warmUp sends one record to every partition, so that lanes and routes are in place.
func warmUp(t *testing.T, p *Producer, b *fakeBroker) {
	t.Helper()
	require.NoError(t, p.Produce(t.Context(), keyed(0, "warm")))
	require.NoError(t, p.Flush(t.Context()))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests, b.log = nil, nil
}

// keyed returns a record for a partition of a topic with at most 8 partitions.
func keyed(partition int, value string) Record {
	return Record{Topic: "orders", Key: keyFor(partition), Value: []byte(value)}
}

// keyFor returns a key that belongs to partition i of 8, and so to i of 1, 2, 4 where i is small enough.
func keyFor(i int) []byte {
	for n := 0; ; n++ {
		if key := fmt.Append(nil, "key-", n); keyPartition(key, 8) == i {
			return key
		}
	}
}

func ignore(Record, error) {}

// A batch leaves when linger has passed since its first record, not since its last.
func TestABatchLeavesWhenLingerHasPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1}
		p, _, _ := fakeProducer(t, b, settings.Values{settings.ProducerLingerMs: settings.Number(100)})
		defer closeNow(t, p)
		warmUp(t, p, b)
		start := time.Now()
		for range 5 {
			require.NoError(t, p.Send(t.Context(), keyed(0, "v"), ignore))
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(time.Second)
		seen := b.seen()
		require.Len(t, seen, 2)
		require.Equal(t, 100*time.Millisecond, seen[0].at.Sub(start))
		require.Equal(t, 4, seen[0].batches[0])
		require.Equal(t, 1, seen[1].batches[0])
	})
}

// A batch leaves at once when it is full by count or by bytes.
func TestAFullBatchDoesNotWait(t *testing.T) {
	for name, base := range map[string]settings.Values{
		"count": {settings.ProducerLingerMs: settings.Number(5000), settings.ProducerBatchMaxRecords: settings.Number(10)},
		"bytes": {settings.ProducerLingerMs: settings.Number(5000), settings.ProducerBatchSize: settings.Number(1100)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &fakeBroker{partitions: 1}
				p, _, _ := fakeProducer(t, b, base)
				defer closeNow(t, p)
				warmUp(t, p, b)
				start := time.Now()
				value := string(make([]byte, 110-16-len(keyFor(0)))) // 10 records are 1100 bytes on the wire
				for range 10 {
					require.NoError(t, p.Send(t.Context(), keyed(0, value), ignore))
				}
				synctest.Wait()
				require.Len(t, b.seen(), 1)
				require.Equal(t, start, b.seen()[0].at)
				require.Equal(t, 10, b.seen()[0].batches[0])
			})
		})
	}
}

// While a request is in flight its partition gathers, whatever linger says; the next request carries it all.
func TestRecordsGatherBehindTheRequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1, took: 50 * time.Millisecond}
		p, _, _ := fakeProducer(t, b, settings.Values{settings.ProducerLingerMs: settings.Number(0)})
		defer closeNow(t, p)
		warmUp(t, p, b)
		start := time.Now()
		for i := range 10 {
			require.NoError(t, p.Send(t.Context(), keyed(0, fmt.Sprint(i)), ignore))
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, p.Flush(t.Context()))
		seen := b.seen()
		require.Len(t, seen, 2)
		require.Equal(t, 1, seen[0].batches[0])
		require.Equal(t, 9, seen[1].batches[0])
		require.Equal(t, 50*time.Millisecond, seen[1].at.Sub(start))
		require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, b.written())
	})
}

// Partitions of one broker share a request: when one is ripe, those that have waited for half of their linger ride along.
func TestPartitionsShareARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 8}
		p, _, _ := fakeProducer(t, b, settings.Values{settings.ProducerLingerMs: settings.Number(100)})
		defer closeNow(t, p)
		warmUp(t, p, b)
		require.NoError(t, p.Send(t.Context(), keyed(1, "first"), ignore))
		time.Sleep(40 * time.Millisecond)
		require.NoError(t, p.Send(t.Context(), keyed(2, "rides along"), ignore))
		time.Sleep(40 * time.Millisecond)
		require.NoError(t, p.Send(t.Context(), keyed(3, "too young"), ignore))
		time.Sleep(time.Second)
		seen := b.seen()
		require.Len(t, seen, 2)
		require.Equal(t, map[int]int{1: 1, 2: 1}, seen[0].batches)
		require.Equal(t, map[int]int{3: 1}, seen[1].batches)
	})
}

// Records without a key stay with one partition until its batch leaves.
func TestRecordsWithoutAKeyFillOnePartitionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 8}
		p, _, _ := fakeProducer(t, b, settings.Values{settings.ProducerLingerMs: settings.Number(10)})
		defer closeNow(t, p)
		warmUp(t, p, b)
		for range 4 {
			for range 25 {
				require.NoError(t, p.Send(t.Context(), Record{Topic: "orders", Value: []byte("v")}, ignore))
			}
			time.Sleep(20 * time.Millisecond)
		}
		seen := b.seen()
		require.Len(t, seen, 4)
		var last int
		for i, r := range seen {
			require.Len(t, r.batches, 1, "request %d", i)
			for partition, n := range r.batches {
				require.Equal(t, 25, n)
				require.True(t, i == 0 || partition != last, "the partition changes when its batch has left")
				last = partition
			}
		}
	})
}

// New settings count for what is waiting already: a lower linger lets it leave, acks and compression are the new ones.
func TestNewSettingsCountForTheNextBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1}
		p, r, _ := fakeProducer(t, b, settings.Values{settings.ProducerLingerMs: settings.Number(5000), settings.ProducerAcks: settings.Word("1")})
		defer closeNow(t, p)
		require.NoError(t, p.Send(t.Context(), keyed(0, "v"), ignore))
		time.Sleep(time.Second)
		require.Empty(t, b.seen())
		r.apply(settings.Update{Document: settings.Document{App: "test", Generation: 1, Settings: settings.Values{
			settings.ProducerLingerMs: settings.Number(0), settings.ProducerAcks: settings.Word("all"),
			settings.ProducerRequestTimeoutMs: settings.Number(4000),
		}}})
		synctest.Wait()
		require.Len(t, b.seen(), 1)
		require.EqualValues(t, -1, b.seen()[0].acks)
		require.Equal(t, 3*time.Second, b.seen()[0].timeout, "the broker gives up before we do")
	})
}

// A retriable error is tried again, after a growing pause, and nothing younger overtakes the batch.
func TestARetryKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 2}
		p, _, reg := fakeProducer(t, b, settings.Values{
			settings.ProducerLingerMs: settings.Number(0), settings.ProducerRetryBackoffMs: settings.Number(100), settings.ProducerRetryBackoffMaxMs: settings.Number(300),
		})
		defer closeNow(t, p)
		warmUp(t, p, b)
		refusals := 4
		b.answer = func(partition int, _ []string) error {
			if partition == 0 && refusals > 0 {
				refusals--
				return kafka.NotEnoughReplicas
			}
			return nil
		}
		start := time.Now()
		for i := range 3 {
			require.NoError(t, p.Send(t.Context(), keyed(0, fmt.Sprint(i)), ignore))
			synctest.Wait()
		}
		require.NoError(t, p.Produce(t.Context(), keyed(1, "another partition is not held up")))
		require.Equal(t, start, time.Now())
		require.NoError(t, p.Flush(t.Context()))
		require.Equal(t, []string{"0", "1", "2"}, b.written())
		waited := time.Since(start)
		require.InDelta(t, 900, waited.Milliseconds(), 180, "100 + 200 + 300 + 300 ms, give or take 20 %%")
		require.InDelta(t, 4, metricOf(t, reg, "kafka_producer_record_retry_total", nil), 0)
	})
}

// A record is failed when its delivery timeout has passed: waiting behind a request, in the request, between two tries.
func TestDeliveryTimeoutIsReal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1}
		p, _, reg := fakeProducer(t, b, settings.Values{
			settings.ProducerLingerMs: settings.Number(0), settings.ProducerRequestTimeoutMs: settings.Number(3000), settings.ProducerDeliveryTimeoutMs: settings.Number(4000),
		})
		warmUp(t, p, b)
		b.mu.Lock()
		b.took = time.Hour
		b.mu.Unlock()
		start := time.Now()
		var failed []time.Duration
		for i := range 3 {
			require.NoError(t, p.Send(t.Context(), keyed(0, fmt.Sprint(i)), func(_ Record, err error) {
				require.ErrorIs(t, err, ErrDeliveryTimeout)
				failed = append(failed, time.Since(start))
			}))
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Len(t, failed, 3)
		for i, d := range failed {
			due := time.Duration(4+i) * time.Second
			require.GreaterOrEqual(t, d, due)
			require.Less(t, d, due+400*time.Millisecond)
		}
		require.InDelta(t, 3, metricOf(t, reg, "kafka_producer_record_error_total", map[string]string{"class": "timeout"}), 0)
		closeNow(t, p)
	})
}

// Errors that waiting doesn't heal fail the batch at once; the next batch goes out.
func TestAFatalErrorFailsItsBatchAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1}
		p, _, reg := fakeProducer(t, b, nil)
		defer closeNow(t, p)
		warmUp(t, p, b)
		b.answer = func(_ int, values []string) error {
			if values[0] == "bad" {
				return kafka.TopicAuthorizationFailed
			}
			return nil
		}
		require.ErrorIs(t, p.Produce(t.Context(), keyed(0, "bad")), kafka.TopicAuthorizationFailed)
		require.NoError(t, p.Produce(t.Context(), keyed(0, "good")))
		require.InDelta(t, 1, metricOf(t, reg, "kafka_producer_record_error_total", map[string]string{"class": "auth"}), 0)
	})
}

// A batch that the broker finds too large is sent in halves; a single record that is too large fails.
func TestABatchThatIsTooLargeIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1, answer: func(_ int, values []string) error {
			bytes := 0
			for _, v := range values {
				bytes += len(v)
			}
			if bytes > 350 {
				return kafka.MessageSizeTooLarge
			}
			return nil
		}}
		p, _, _ := fakeProducer(t, b, settings.Values{settings.ProducerLingerMs: settings.Number(50)})
		defer closeNow(t, p)
		records := make([]Record, 10)
		for i := range records {
			records[i] = keyed(0, fmt.Sprintf("%0100d", i))
		}
		require.NoError(t, p.Produce(t.Context(), records...))
		written := b.written()
		require.Len(t, written, 10)
		require.IsIncreasing(t, written)
		err := p.Produce(t.Context(), keyed(0, string(make([]byte, 400))))
		require.ErrorIs(t, err, ErrRecordTooLarge)
		require.ErrorIs(t, err, kafka.MessageSizeTooLarge)
	})
}

// Produce tells which of several records failed.
func TestProduceTellsWhichRecordsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 2}
		p, _, _ := fakeProducer(t, b, nil)
		defer closeNow(t, p)
		warmUp(t, p, b)
		b.answer = func(partition int, _ []string) error {
			if partition == 1 {
				return kafka.InvalidRecord
			}
			return nil
		}
		err := p.Produce(t.Context(), keyed(0, "a"), keyed(1, "b"), keyed(0, "c"))
		var each *RecordsError
		require.ErrorAs(t, err, &each)
		require.Len(t, each.Errors, 3)
		require.NoError(t, each.Errors[0])
		require.ErrorIs(t, each.Errors[1], kafka.InvalidRecord)
		require.NoError(t, each.Errors[2])
		require.ErrorIs(t, err, kafka.InvalidRecord)
	})
}

// A caller whose context ends gets its record back as unfinished; the record goes on.
func TestProduceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1, took: time.Second}
		p, _, _ := fakeProducer(t, b, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, p.Produce(ctx, keyed(0, "v")), context.DeadlineExceeded)
		require.NoError(t, p.Flush(t.Context()))
		require.Equal(t, []string{"v"}, b.written())
		closeNow(t, p)
	})
}

// Time held back by another partition's request to the same broker counts as busy: the broker is what is waited for.
func TestTimeHeldBackCountsAsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 2}
		r, reg := newRuntime(t, settings.Values{settings.ProducerLingerMs: settings.Number(0)}, nil)
		p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"fake:9092"}, Transport: b, inFlight: 1})
		require.NoError(t, err)
		defer closeNow(t, p)
		warmUp(t, p, b)
		b.took = 100 * time.Millisecond
		require.NoError(t, p.Send(t.Context(), keyed(0, "a"), ignore))
		time.Sleep(10 * time.Millisecond)
		require.NoError(t, p.Send(t.Context(), keyed(1, "b"), ignore))
		require.NoError(t, p.Flush(t.Context()))
		require.InDelta(t, 0.100+0.190, metricOf(t, reg, "kafka_producer_busy_seconds_total", nil), 0.001)
	})
}
