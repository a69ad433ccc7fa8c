package stock

import (
	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
)

// Client is an [engine.Client] on kafka-go's Writer, ConsumerGroup and Reader.
type Client struct{}

// NewProducer returns a Writer.
func (Client) NewProducer(o live.ProducerOptions) (engine.Producer, error) {
	return newProducer(o), nil
}

// NewConsumer returns a ConsumerGroup with a Reader for every partition.
func (Client) NewConsumer(o live.ConsumerOptions) (engine.Consumer, error) { return newConsumer(o) }

// NewTail returns a Reader for every partition.
func (Client) NewTail(o live.TailOptions) (engine.Tail, error) { return &tail{options: o}, nil }
