package live

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/settings"
)

// forgetful is a transport that loses some answers: the broker has the batch, and the client doesn't know.
type forgetful struct {
	*kafka.Transport

	mu   sync.Mutex
	rng  *rand.Rand
	lost int
}

func newForgetful(t *testing.T) *forgetful {
	t.Helper()
	f := &forgetful{Transport: &kafka.Transport{}, rng: rand.New(rand.NewPCG(7, 7))}
	t.Cleanup(f.CloseIdleConnections)
	return f
}

// RoundTrip loses one answer in three.
func (f *forgetful) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	res, err := f.Transport.RoundTrip(ctx, addr, req)
	if _, ok := req.(*rawproduce.Request); !ok || err != nil {
		return res, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rng.IntN(3) > 0 {
		return res, nil
	}
	f.lost++
	return nil, io.ErrUnexpectedEOF
}

// sendThrough writes n records of one key, many at a time, through a transport that loses answers.
func sendThrough(t *testing.T, addrs []string, n int, anonymous bool) (lost int) {
	t.Helper()
	f := newForgetful(t)
	base := quick()
	base[settings.ProducerBatchMaxRecords] = settings.Number(50)
	r, _ := newRuntime(t, base, nil)
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: addrs, Transport: f, DisableIdempotence: anonymous})
	require.NoError(t, err)
	var open sync.WaitGroup
	for i := range n {
		open.Add(1)
		require.NoError(t, p.Send(t.Context(), Record{Topic: "orders", Key: []byte("k"), Value: fmt.Append(nil, i)}, func(_ Record, err error) {
			if err != nil {
				t.Errorf("record %d: %v", i, err)
			}
			open.Done()
		}))
	}
	open.Wait()
	require.NoError(t, p.Close(t.Context()))
	return f.lost
}

func loggedValues(log map[int32][]*kgo.Record) []string {
	var all []string
	for _, records := range log {
		for _, r := range records {
			if string(r.Key) == "k" {
				all = append(all, string(r.Value))
			}
		}
	}
	return all
}

// One answer in three is lost, and still every record is in the log once, in its place. Without a producer id the same
// doubles records: the test would notice.
func TestLostAnswersDoubleNothing(t *testing.T) {
	const n = 2000
	c := newKafka(t, 1, "orders", 1)
	require.Positive(t, sendThrough(t, c.ListenAddrs(), n, false))
	require.Equal(t, numbers(0, n), loggedValues(readAll(t, c, "orders")))

	without := newKafka(t, 1, "orders", 1)
	require.Positive(t, sendThrough(t, without.ListenAddrs(), n, true))
	require.Greater(t, len(loggedValues(readAll(t, without, "orders"))), n)
}

// The same on a real broker.
func TestLostAnswersDoubleNothingOnARealBroker(t *testing.T) {
	const n = 5000
	c := kafkatest.Start(t, kafkatest.Options{HeapMB: 256})
	kafkatest.CreateTopic(t, c.Addrs()[0], "orders", 6, 1)
	p := newProducer(t, c.Addrs(), nil)
	_, err := p.client.Transport.RoundTrip(t.Context(), p.client.Addr, &createtopics.Request{ValidateOnly: true})
	require.NoError(t, err, "what makes the transport renew its metadata is fine with a real broker")
	lost := sendThrough(t, c.Addrs(), n, false)
	require.Positive(t, lost)
	require.Equal(t, numbers(0, n), loggedValues(readReal(t, c.Addrs(), "orders")))
	t.Logf("%d answers lost", lost)
}

// A broker that has forgotten what came before refuses the numbers of a batch. It is sent again under a new producer id.
func TestABrokerThatForgotIsMetWithANewProducerID(t *testing.T) {
	for _, code := range []kafka.Error{kafka.OutOfOrderSequenceNumber, kafka.UnknownProducerId, kafka.InvalidProducerEpoch} {
		t.Run(code.Title(), func(t *testing.T) {
			c := newKafka(t, 1, "orders", 1)
			p := newProducer(t, c.ListenAddrs(), quick())
			require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("0")}))
			before := p.identities.current.Load().id
			inject(c, 1, func(req *kmsg.ProduceRequest) (kmsg.Response, error) { return refuse(req, int16(code)), nil })
			for i := range 5 {
				require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: fmt.Append(nil, i+1)}))
			}
			requireValues(t, c, 6)
			require.NotEqual(t, before, p.identities.current.Load().id)
		})
	}
}

// A broker may say that it has a batch without saying where.
func TestAKnownBatchIsAcknowledged(t *testing.T) {
	c := newKafka(t, 1, "orders", 1)
	p := newProducer(t, c.ListenAddrs(), quick())
	inject(c, 1, func(req *kmsg.ProduceRequest) (kmsg.Response, error) {
		return refuse(req, int16(kafka.DuplicateSequenceNumber)), nil
	})
	told := make(chan Record, 1)
	require.NoError(t, p.Send(t.Context(), Record{Topic: "orders"}, func(r Record, err error) {
		if err != nil {
			t.Error(err)
		}
		told <- r
	}))
	require.Equal(t, int64(unknownOffset), (<-told).Offset)
}

// Where brokers give no producer id, records are written without.
func TestWithoutAProducerIDRecordsAreWrittenAnyway(t *testing.T) {
	c := newKafka(t, 1, "orders", 1)
	c.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.InitProducerIDResponse)
		res.ErrorCode = int16(kafka.ClusterAuthorizationFailed)
		return res, nil, true
	})
	p := newProducer(t, c.ListenAddrs(), quick())
	for i := range 3 {
		require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: fmt.Append(nil, i)}))
	}
	requireValues(t, c, 3)
	require.True(t, p.identities.current.Load().anonymous())
	require.Equal(t, int64(-1), readAll(t, c, "orders")[0][0].ProducerID)
}

// Trouble with getting a producer id delays records, and their time runs on.
func TestRecordsExpireWhileThereIsNoProducerID(t *testing.T) {
	c := newKafka(t, 1, "orders", 1)
	var mended atomic.Bool
	c.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := req.ResponseKind().(*kmsg.InitProducerIDResponse)
		res.ErrorCode = int16(kafka.GroupLoadInProgress)
		return res, nil, !mended.Load()
	})
	base := quick()
	base[settings.ProducerDeliveryTimeoutMs] = settings.Number(300)
	base[settings.ProducerRequestTimeoutMs] = settings.Number(100)
	p := newProducer(t, c.ListenAddrs(), base)
	err := p.Produce(t.Context(), Record{Topic: "orders"})
	require.ErrorIs(t, err, ErrDeliveryTimeout)
	require.ErrorIs(t, err, kafka.GroupLoadInProgress)
	mended.Store(true)
	require.Eventually(t, func() bool { return p.Produce(t.Context(), Record{Topic: "orders"}) == nil }, patience, 10*time.Millisecond)
}

// A record that fails while its batch is on its way changes the batch: what is left goes under a new producer id, since
// the broker may have the old one.
func TestAChangedBatchIsNotTakenForTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := true
		b := &fakeBroker{partitions: 1, took: 400 * time.Millisecond, fail: func() error {
			if fails {
				return io.ErrUnexpectedEOF
			}
			return nil
		}}
		base := settings.Values{
			settings.ProducerLingerMs: settings.Number(10), settings.ProducerDeliveryTimeoutMs: settings.Number(1000),
			settings.ProducerRequestTimeoutMs: settings.Number(500), settings.ProducerRetryBackoffMs: settings.Number(50), settings.ProducerRetryBackoffMaxMs: settings.Number(50),
		}
		r, _ := newRuntime(t, base, nil)
		p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"fake:9092"}, Transport: b})
		require.NoError(t, err)
		first := make(chan error, 1)
		require.NoError(t, p.Send(t.Context(), Record{Topic: "orders"}, func(_ Record, err error) { first <- err }))
		require.ErrorIs(t, <-first, ErrDeliveryTimeout)
		time.Sleep(time.Second) // The attempt that was on its way fails, too.
		b.mu.Lock()
		fails = false
		b.mu.Unlock()
		require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders"}))
		require.Equal(t, int64(2), p.identities.current.Load().serial)
		require.NoError(t, p.Close(t.Context()))
	})
}
