package live

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
)

// fakeBroker is a transport without a network, for tests in virtual time: one broker that leads every partition of
// every topic, keeps the values written to each partition, and takes as long as it is told to.
type fakeBroker struct {
	partitions int
	// took is the time of each produce request.
	took time.Duration
	// answer decides what becomes of a partition's batch; nil: it is written. It is called with the lock held.
	answer func(partition int, values []string) error
	// fail decides what becomes of a whole request before it is looked at; nil: nothing.
	fail func() error

	mu       sync.Mutex
	log      map[int][]string
	requests []fakeRequest
}

// fakeRequest is one produce request as it arrived.
type fakeRequest struct {
	at      time.Time
	acks    int16
	timeout time.Duration
	batches map[int]int // records by partition
}

func (b *fakeBroker) RoundTrip(ctx context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	switch r := req.(type) {
	case *metadata.Request:
		return b.metadata(r), nil
	case *initProducerRequest:
		return &initProducerResponse{id: 1}, nil
	case *createtopics.Request:
		return &createtopics.Response{}, nil
	case *rawproduce.Request:
		return b.produce(ctx, r)
	default:
		panic("the fake broker knows no such request")
	}
}

func (b *fakeBroker) metadata(r *metadata.Request) *metadata.Response {
	res := &metadata.Response{Brokers: []metadata.ResponseBroker{{NodeID: 1, Host: "fake", Port: 9092}}}
	for _, name := range r.TopicNames {
		t := metadata.ResponseTopic{Name: name}
		for i := range b.partitions {
			t.Partitions = append(t.Partitions, metadata.ResponsePartition{PartitionIndex: int32(i), LeaderID: 1})
		}
		res.Topics = append(res.Topics, t)
	}
	return res
}

func (b *fakeBroker) produce(ctx context.Context, r *rawproduce.Request) (kafka.Response, error) {
	res := &produce.Response{}
	got := fakeRequest{at: time.Now(), acks: r.Acks, timeout: time.Duration(r.Timeout) * time.Millisecond, batches: map[int]int{}}
	if b.took > 0 {
		select {
		case <-time.After(b.took):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(); err != nil {
			return nil, err
		}
	}
	for _, t := range r.Topics {
		rt := produce.ResponseTopic{Topic: t.Topic}
		for _, p := range t.Partitions {
			values := decode(p.RecordSet)
			got.batches[int(p.Partition)] = len(values)
			rt.Partitions = append(rt.Partitions, b.write(int(p.Partition), values))
		}
		res.Topics = append(res.Topics, rt)
	}
	b.requests = append(b.requests, got)
	return res, nil
}

func (b *fakeBroker) write(partition int, values []string) produce.ResponsePartition {
	res := produce.ResponsePartition{Partition: int32(partition), BaseOffset: int64(len(b.log[partition]))}
	if b.answer != nil {
		if err := b.answer(partition, values); err != nil {
			res.ErrorCode = int16(err.(kafka.Error)) //nolint:errorlint // tests answer with bare codes
			return res
		}
	}
	if b.log == nil {
		b.log = make(map[int][]string)
	}
	b.log[partition] = append(b.log[partition], values...)
	return res
}

// decode returns the values of a record set, read by kafka-go's own decoder.
func decode(raw protocol.RawRecordSet) []string {
	var set protocol.RecordSet
	if _, err := set.ReadFrom(raw.Reader); err != nil {
		panic(err)
	}
	var values []string
	for {
		r, err := set.Records.ReadRecord()
		if err != nil {
			return values
		}
		v, err := protocol.ReadAll(r.Value)
		if err != nil {
			panic(err)
		}
		values = append(values, string(v))
	}
}

func (b *fakeBroker) seen() []fakeRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]fakeRequest(nil), b.requests...)
}

// written returns the values in partition 0.
func (b *fakeBroker) written() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.log[0]...)
}

// fakeProducer returns a producer for b and its runtime; the caller closes it inside the bubble.
func fakeProducer(t *testing.T, b *fakeBroker, base settings.Values) (*Producer, *Runtime, *prometheus.Registry) {
	t.Helper()
	r, reg := newRuntime(t, base, nil)
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: []string{"fake:9092"}, Transport: b, Topics: []string{"orders"}})
	require.NoError(t, err)
	return p, r, reg
}

// closeNow closes p, which has nothing left to do.
func closeNow(t *testing.T, p *Producer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	require.NoError(t, p.Close(ctx))
}
