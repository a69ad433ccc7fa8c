package bench

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

// producer is a client as the generators see it.
type producer interface {
	// produce writes one record and waits for its acknowledgement.
	produce(ctx context.Context, key, value []byte) error
	// send takes one record; done is called when it is acknowledged or failed. It may block while buffers are full.
	send(ctx context.Context, key, value []byte, done func(error)) error
	// requests is the number of produce requests so far.
	requests() int64
	close(ctx context.Context) error
}

// contender is a client with the settings it may choose between.
type contender struct {
	name   string
	params []Params
	open   func(brokers []string, topic string, p Params) (producer, error)
}

// The names of the clients in results.
const (
	Live          = "live"
	WriterDefault = "writer-default"
	WriterBest    = "writer-best"
	Franz         = "franz-go"
	Java          = "java"
)

// contenders returns the clients of this process that take part in a scenario, each with its grid.
func contenders(m Mode) []contender {
	lingers := []time.Duration{0, time.Millisecond, 5 * time.Millisecond}
	batches := []int{0}
	if m == Async {
		batches = []int{0, 1 << 20}
	}
	all := []contender{
		{Live, grid(lingers, batches...), openLive},
		{Franz, grid(lingers, batches...), openFranz},
	}
	if m == Async {
		return all // the Writer's own asynchronous mode reports nothing for a record
	}
	return append(all,
		contender{WriterBest, grid([]time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond}, 0, 1000), openWriter},
		contender{WriterDefault, []Params{{}}, openWriter},
	)
}

// liveClient is our own producer.
type liveClient struct {
	producer *live.Producer
	topic    string
	sent     *counted
}

func openLive(brokers []string, topic string, p Params) (producer, error) {
	values := settings.Values{}
	if p.Linger != nil {
		values[settings.ProducerLingerMs] = settings.Number(p.Linger.Milliseconds())
	}
	if p.Batch != 0 {
		values[settings.ProducerBatchSize] = settings.Number(int64(p.Batch))
	}
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "bench-live", Base: values})
	if err != nil {
		return nil, err
	}
	return newLive(runtime, brokers, topic)
}

func newLive(runtime *live.Runtime, brokers []string, topic string) (producer, error) {
	sent := &counted{transport: &kafka.Transport{ClientID: "bench-live"}}
	p, err := live.NewProducer(live.ProducerOptions{Runtime: runtime, Brokers: brokers, Topics: []string{topic}, Transport: sent})
	if err != nil {
		return nil, err
	}
	return &liveClient{producer: p, topic: topic, sent: sent}, nil
}

func (c *liveClient) produce(ctx context.Context, key, value []byte) error {
	return c.producer.Produce(ctx, live.Record{Topic: c.topic, Key: key, Value: value})
}

func (c *liveClient) send(ctx context.Context, key, value []byte, done func(error)) error {
	return c.producer.Send(ctx, live.Record{Topic: c.topic, Key: key, Value: value}, func(_ live.Record, err error) { done(err) })
}

func (c *liveClient) requests() int64 { return c.sent.requests.Load() }

func (c *liveClient) close(ctx context.Context) error {
	err := c.producer.Close(ctx)
	c.sent.transport.CloseIdleConnections()
	return err
}

// counted counts the produce requests that pass.
type counted struct {
	transport *kafka.Transport
	requests  atomic.Int64
}

// RoundTrip passes the request on.
func (c *counted) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	switch req.(type) {
	case *produce.Request, *rawproduce.Request:
		c.requests.Add(1)
	}
	return c.transport.RoundTrip(ctx, addr, req)
}

// writerClient is kafka-go's Writer.
type writerClient struct {
	writer *kafka.Writer
	sent   *counted
}

func openWriter(brokers []string, topic string, p Params) (producer, error) {
	sent := &counted{transport: &kafka.Transport{ClientID: "bench-writer"}}
	w := &kafka.Writer{
		Addr: kafka.TCP(brokers...), Topic: topic, Balancer: kafka.Murmur2Balancer{}, Transport: sent, BatchSize: p.Batch,
		RequiredAcks: kafka.RequireAll, // its default is none at all, which compares with nothing
	}
	if p.Linger != nil {
		w.BatchTimeout = *p.Linger
	}
	return &writerClient{writer: w, sent: sent}, nil
}

func (c *writerClient) produce(ctx context.Context, key, value []byte) error {
	return c.writer.WriteMessages(ctx, kafka.Message{Key: key, Value: value})
}

var errNoReports = errors.New("kafka-go's Writer reports no single record of its asynchronous mode")

func (c *writerClient) send(context.Context, []byte, []byte, func(error)) error { return errNoReports }

func (c *writerClient) requests() int64 { return c.sent.requests.Load() }

func (c *writerClient) close(context.Context) error {
	err := c.writer.Close()
	c.sent.transport.CloseIdleConnections()
	return err
}

// franzClient is franz-go with its own idempotence, which is what allows it several requests in flight.
type franzClient struct {
	client *kgo.Client
	topic  string
	sent   *franzHook
}

type franzHook struct{ count atomic.Int64 }

// OnBrokerWrite is called by franz-go for every request written.
func (h *franzHook) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	if key == 0 {
		h.count.Add(1)
	}
}

func openFranz(brokers []string, topic string, p Params) (producer, error) {
	hook := &franzHook{}
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(topic), kgo.WithHooks(hook),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	}
	if p.Linger != nil {
		opts = append(opts, kgo.ProducerLinger(*p.Linger))
	}
	if p.Batch != 0 {
		opts = append(opts, kgo.ProducerBatchMaxBytes(int32(p.Batch)))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	return &franzClient{client: client, topic: topic, sent: hook}, nil
}

func (c *franzClient) produce(ctx context.Context, key, value []byte) error {
	return c.client.ProduceSync(ctx, &kgo.Record{Key: key, Value: value}).FirstErr()
}

func (c *franzClient) send(ctx context.Context, key, value []byte, done func(error)) error {
	c.client.Produce(ctx, &kgo.Record{Key: key, Value: value}, func(_ *kgo.Record, err error) { done(err) })
	return nil
}

func (c *franzClient) requests() int64 { return c.sent.count.Load() }

func (c *franzClient) close(context.Context) error {
	c.client.Close()
	return nil
}
