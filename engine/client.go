package engine

import (
	"context"

	"github.com/veltrix/veltrix/live"
)

// Client makes the Kafka clients that an engine runs on. The live one is what an engine is for; another one lets the same
// engine be compared on other clients, which then carry the options out as far as they can.
type Client interface {
	NewProducer(o live.ProducerOptions) (Producer, error)
	NewConsumer(o live.ConsumerOptions) (Consumer, error)
	NewTail(o live.TailOptions) (Tail, error)
}

// Producer is what an engine needs of [live.Producer], whose methods say what is expected.
type Producer interface {
	TryProduce(r live.Record, done func(live.Record, error)) error
	Produce(ctx context.Context, records ...live.Record) error
	Close(ctx context.Context) error
}

// Consumer is what an engine needs of [live.Consumer].
type Consumer interface {
	Run(ctx context.Context) error
	Commit(ctx context.Context) error
	Close(ctx context.Context) error
	Lag() int64
}

// Tail is what an engine needs of [live.Tail].
type Tail interface {
	Run(ctx context.Context) error
	Lag() int64
}

// liveClient is the client that Veltrix is about.
type liveClient struct{}

func (liveClient) NewProducer(o live.ProducerOptions) (Producer, error) { return live.NewProducer(o) }

func (liveClient) NewConsumer(o live.ConsumerOptions) (Consumer, error) { return live.NewConsumer(o) }
func (liveClient) NewTail(o live.TailOptions) (Tail, error)             { return live.NewTail(o) }
