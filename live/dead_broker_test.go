package live

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// nobody returns the address of a port that refuses connections.
func nobody(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's listener
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// silent returns the address of a port that accepts connections and never answers.
func silent(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's listener
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// With no broker there, a record fails at its delivery timeout, with the reason.
func TestARecordForADeadBrokerFailsInTime(t *testing.T) {
	base := settings.Values{
		settings.ProducerLingerMs: settings.Number(0), settings.ProducerRequestTimeoutMs: settings.Number(100), settings.ProducerDeliveryTimeoutMs: settings.Number(300),
	}
	for name, addr := range map[string]string{"refusing": nobody(t), "silent": silent(t)} {
		t.Run(name, func(t *testing.T) {
			p := newProducer(t, []string{addr}, base)
			start := time.Now()
			err := p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("v")})
			require.ErrorIs(t, err, ErrDeliveryTimeout)
			require.GreaterOrEqual(t, time.Since(start), 300*time.Millisecond)
		})
	}
}

// Close returns within its context when the broker died while it had records, and every record is reported once.
func TestCloseIsBoundedByItsContext(t *testing.T) {
	for _, how := range []string{"broker gone", "broker hangs", "never there"} {
		t.Run(how, func(t *testing.T) {
			c := newKafka(t, 1, "orders", 3)
			addrs := c.ListenAddrs()
			if how == "never there" {
				addrs = []string{nobody(t)}
			}
			r, _ := newRuntime(t, settings.Values{settings.ProducerLingerMs: settings.Number(0)}, nil)
			p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: addrs})
			require.NoError(t, err)
			switch how {
			case "broker gone":
				require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("v")}))
				c.Close()
			case "broker hangs":
				c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
					c.KeepControl()
					return nil, nil, true
				})
			}
			var reports atomic.Int32
			for i := range 100 {
				err := p.Send(t.Context(), Record{Topic: "orders", Key: fmt.Append(nil, i)}, func(_ Record, err error) {
					if err != nil {
						reports.Add(1)
					}
				})
				require.NoError(t, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			start := time.Now()
			err = p.Close(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "100 records were given up")
			require.Less(t, time.Since(start), 10*time.Second)
			require.EqualValues(t, 100, reports.Load())
			require.NoError(t, p.Close(ctx), "a second Close is harmless")
			require.EqualValues(t, 100, reports.Load())
		})
	}
}

// A broker that comes back is found again, and what waited for it is written.
func TestABrokerThatComesBackIsFoundAgain(t *testing.T) {
	addr := nobody(t)
	p := newProducer(t, []string{addr}, nil)
	done := make(chan error, 1)
	require.NoError(t, p.Send(t.Context(), Record{Topic: "orders", Value: []byte("v")}, func(_ Record, err error) { done <- err }))
	select {
	case err := <-done:
		t.Fatalf("reported too early: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	c := newKafkaAt(t, addr, "orders", 1)
	require.NoError(t, <-done)
	require.Len(t, readAll(t, c, "orders")[0], 1)
}

// With the buffer full, Send waits for max.block.ms and then says so; TryProduce says so at once. Space that becomes
// free goes to those who waited, in their order.
func TestAFullBufferBlocksInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1, took: 10 * time.Second}
		p, r, reg := fakeProducer(t, b, settings.Values{
			settings.ProducerLingerMs: settings.Number(0), settings.ProducerBufferMemory: settings.Number(1 << 20), settings.ProducerMaxBlockMs: settings.Number(3000),
		})
		big := keyed(0, string(make([]byte, 1000_000)))
		require.NoError(t, p.Send(t.Context(), big, ignore))
		synctest.Wait()
		require.ErrorIs(t, p.TryProduce(big, ignore), ErrBufferFull)
		start := time.Now()
		require.ErrorIs(t, p.Send(t.Context(), big, ignore), ErrBufferFull)
		require.Equal(t, 3*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.Send(ctx, big, ignore), context.DeadlineExceeded)
		require.InDelta(t, 2, metricOf(t, reg, "kafka_producer_record_error_total", map[string]string{"class": "buffer_full"}), 0)

		r.apply(settings.Update{Document: settings.Document{App: "test", Generation: 1, Settings: settings.Values{settings.ProducerMaxBlockMs: settings.Number(60000)}}})
		order := make(chan int, 3)
		for i := range 3 {
			go func() {
				if p.Send(t.Context(), big, ignore) == nil {
					order <- i
				}
			}()
			synctest.Wait()
		}
		require.ErrorIs(t, p.TryProduce(keyed(0, "small"), ignore), ErrBufferFull, "nobody overtakes those who wait")
		for i := range 3 {
			require.Equal(t, i, <-order)
		}
		closeNow(t, p)
		require.ErrorIs(t, p.TryProduce(big, ignore), ErrClosed)
	})
}

// A record that alone exceeds buffer.memory is refused at once. A larger buffer.memory counts at once.
func TestARecordLargerThanTheBufferIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBroker{partitions: 1}
		p, r, _ := fakeProducer(t, b, settings.Values{settings.ProducerBufferMemory: settings.Number(1 << 20)})
		defer closeNow(t, p)
		big := keyed(0, string(make([]byte, 1<<20)))
		require.ErrorIs(t, p.Produce(t.Context(), big), ErrRecordTooLarge)
		require.NoError(t, p.Produce(t.Context(), keyed(0, "v")))
		r.apply(settings.Update{Document: settings.Document{App: "test", Generation: 1, Settings: settings.Values{settings.ProducerBufferMemory: settings.Number(4 << 20)}}})
		require.NoError(t, p.Produce(t.Context(), big))
	})
}

// A million records offered to a dead broker stay within buffer.memory and a fifth.
func TestMemoryIsBoundedWithADeadBroker(t *testing.T) {
	const limit = 16 << 20
	p := newProducer(t, []string{nobody(t)}, settings.Values{settings.ProducerBufferMemory: settings.Number(limit)})
	before := heap()
	accepted := 0
	for range 1_000_000 {
		r := Record{Topic: "orders", Key: make([]byte, 16), Value: make([]byte, 208)}
		if err := p.TryProduce(r, ignore); err != nil {
			require.ErrorIs(t, err, ErrBufferFull)
			continue
		}
		accepted++
	}
	grown := int64(heap()) - int64(before)
	t.Logf("%d records accepted, heap grown by %.1f MiB", accepted, float64(grown)/(1<<20))
	require.Positive(t, accepted)
	require.Less(t, grown, int64(limit*12/10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Close(ctx), context.Canceled)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
