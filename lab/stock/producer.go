package stock

import (
	"context"
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/veltrix/veltrix/live"
)

// producer is a kafka.Writer.
type producer struct {
	writer *kafka.Writer
	// under is the context of what TryProduce began; writing counts it.
	under   context.Context //nolint:containedctx // it is the producer's life
	cancel  context.CancelFunc
	writing sync.WaitGroup
}

func newProducer(o live.ProducerOptions) *producer {
	p := &producer{writer: &kafka.Writer{
		Addr: kafka.TCP(o.Brokers...), Balancer: kafka.Murmur2Balancer{}, RequiredAcks: kafka.RequireAll,
		Transport: &kafka.Transport{ClientID: o.Runtime.ClientID()},
	}}
	p.under, p.cancel = context.WithCancel(context.Background())
	return p
}

// TryProduce writes in the background: WriteMessages returns only when the record is written.
func (p *producer) TryProduce(r live.Record, done func(live.Record, error)) error {
	p.writing.Go(func() { done(r, p.writer.WriteMessages(p.under, message(r))) })
	return nil
}

// Produce writes the records and returns when they are.
func (p *producer) Produce(ctx context.Context, records ...live.Record) error {
	messages := make([]kafka.Message, len(records))
	for i, r := range records {
		messages[i] = message(r)
	}
	return p.writer.WriteMessages(ctx, messages...)
}

// Close writes what is under way, at most until ctx ends, and closes the connections.
func (p *producer) Close(ctx context.Context) error {
	defer p.cancel()
	defer context.AfterFunc(ctx, p.cancel)()
	p.writing.Wait()
	err := p.writer.Close()
	p.writer.Transport.(*kafka.Transport).CloseIdleConnections()
	return err
}

func message(r live.Record) kafka.Message {
	return kafka.Message{Topic: r.Topic, Key: r.Key, Value: r.Value}
}

func record(m kafka.Message) live.Record {
	return live.Record{Topic: m.Topic, Key: m.Key, Value: m.Value, Time: m.Time, Partition: m.Partition, Offset: m.Offset}
}
