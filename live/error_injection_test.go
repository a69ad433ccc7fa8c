package live

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// quick makes retries quick enough for a test.
func quick() settings.Values {
	return settings.Values{
		settings.ProducerLingerMs: settings.Number(0), settings.ProducerRetryBackoffMs: settings.Number(1), settings.ProducerRetryBackoffMaxMs: settings.Number(20),
	}
}

// Each error that Kafka calls retriable heals by itself: the record is written once the broker has recovered.
func TestRetriableErrorsHeal(t *testing.T) {
	for _, code := range []kafka.Error{
		kafka.InvalidMessage, kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.RequestTimedOut,
		kafka.NetworkException, kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend, kafka.KafkaStorageError,
		kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch, kafka.ThrottlingQuotaExceeded,
	} {
		t.Run(code.Title(), func(t *testing.T) {
			c := newKafka(t, 1, "orders", 1)
			p := newProducer(t, c.ListenAddrs(), quick())
			require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("0")}))
			inject(c, 3, func(req *kmsg.ProduceRequest) (kmsg.Response, error) { return refuse(req, int16(code)), nil })
			for i := range 5 {
				require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: fmt.Append(nil, i+1)}))
			}
			requireValues(t, c, 6)
		})
	}
}

// A cut connection and a request without an answer heal as well.
func TestLostConnectionsAndAnswersHeal(t *testing.T) {
	for name, fault := range map[string]func(*kmsg.ProduceRequest) (kmsg.Response, error){
		"cut":       func(*kmsg.ProduceRequest) (kmsg.Response, error) { return nil, errors.New("cut") },
		"no answer": func(*kmsg.ProduceRequest) (kmsg.Response, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := newKafka(t, 1, "orders", 1)
			base := quick()
			base[settings.ProducerRequestTimeoutMs] = settings.Number(200)
			p := newProducer(t, c.ListenAddrs(), base)
			require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("0")}))
			inject(c, 2, fault)
			for i := range 5 {
				require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: fmt.Append(nil, i+1)}))
			}
			requireValues(t, c, 6)
		})
	}
}

// Errors that waiting doesn't heal come back at once, as Kafka's own.
func TestFatalErrorsComeBack(t *testing.T) {
	for code, class := range map[kafka.Error]string{
		kafka.TopicAuthorizationFailed: classAuth, kafka.ClusterAuthorizationFailed: classAuth, kafka.MessageSizeTooLarge: classTooLarge,
		kafka.RecordListTooLarge: classTooLarge, kafka.InvalidRecord: classOther, kafka.InvalidRequiredAcks: classOther,
		kafka.InvalidTopic: classOther, kafka.UnsupportedForMessageFormat: classOther, kafka.Unknown: classOther,
	} {
		t.Run(code.Title(), func(t *testing.T) {
			c := newKafka(t, 1, "orders", 1)
			p := newProducer(t, c.ListenAddrs(), quick())
			inject(c, 1, func(req *kmsg.ProduceRequest) (kmsg.Response, error) { return refuse(req, int16(code)), nil })
			err := p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("0")})
			require.ErrorIs(t, err, code)
			require.Equal(t, class, errorClass(err))
			require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Value: []byte("0")}))
		})
	}
}

// A leader that moves is found at once, far sooner than the transport would look by itself.
func TestAMovedLeaderIsFoundAtOnce(t *testing.T) {
	c := newKafka(t, 3, "orders", 3)
	p := newProducer(t, c.ListenAddrs(), quick())
	for round := range 10 {
		for partition := range int32(3) {
			require.NoError(t, c.MoveTopicPartition("orders", partition, int32(round)%3))
		}
		start := time.Now()
		for i := range 8 {
			require.NoError(t, p.Produce(t.Context(), Record{Topic: "orders", Key: fmt.Append(nil, i), Value: fmt.Append(nil, round)}))
		}
		require.Less(t, time.Since(start), metadataTTL/2)
	}
}

// A topic that doesn't exist is waited for, for max.block.ms.
func TestAMissingTopicIsReported(t *testing.T) {
	c := newKafka(t, 1, "orders", 1)
	base := quick()
	base[settings.ProducerMaxBlockMs] = settings.Number(200)
	p := newProducer(t, c.ListenAddrs(), base)
	err := p.Produce(t.Context(), Record{Topic: "odrers"})
	require.ErrorIs(t, err, kafka.UnknownTopicOrPartition)
	require.NotErrorIs(t, err, ErrDeliveryTimeout)
	require.ErrorContains(t, err, `"odrers"`)
}

// Every error that can reach a caller has one class.
func TestErrorClasses(t *testing.T) {
	for class, errs := range map[string][]error{
		classTimeout:           {ErrDeliveryTimeout, fmt.Errorf("%w: %w", ErrDeliveryTimeout, kafka.NotEnoughReplicas), kafka.RequestTimedOut, &net.DNSError{IsTimeout: true}},
		classNotEnoughReplicas: {kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend},
		classLeadership:        {kafka.NotLeaderForPartition, rawproduce.NewError(protocol.NewErrNoLeader("t", 1)), fmt.Errorf("x: %w", kafka.LeaderNotAvailable)},
		classTooLarge:          {ErrRecordTooLarge, kafka.MessageSizeTooLarge},
		classAuth:              {kafka.SASLAuthenticationFailed, kafka.TopicAuthorizationFailed},
		classThrottled:         {kafka.ThrottlingQuotaExceeded},
		classNetwork:           {io.EOF, io.ErrUnexpectedEOF, syscall.ECONNREFUSED, &net.OpError{Op: "dial", Err: syscall.ECONNRESET}, errUnanswered},
		classBufferFull:        {fmt.Errorf("x: %w", ErrBufferFull)},
		classOther:             {errors.New("x"), ErrClosed, kafka.InvalidRecord},
	} {
		require.Contains(t, errorClasses(), class)
		for _, err := range errs {
			require.Equal(t, class, errorClass(err), "%v", err)
		}
	}
}

// inject lets fault answer the next n produce requests.
func inject(c *kfake.Cluster, n int, fault func(*kmsg.ProduceRequest) (kmsg.Response, error)) {
	for range n {
		c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
			res, err := fault(req.(*kmsg.ProduceRequest))
			return res, err, true
		})
	}
}

// requireValues checks that partition 0 of "orders" holds the values 0 to n-1, in order.
func requireValues(t *testing.T, c *kfake.Cluster, n int) {
	t.Helper()
	records := readAll(t, c, "orders")[0]
	require.Len(t, records, n)
	for i, r := range records {
		require.Equal(t, fmt.Sprint(i), string(r.Value))
	}
}
