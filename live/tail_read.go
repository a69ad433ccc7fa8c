package live

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// ReadOptions say what a bounded reading needs.
type ReadOptions struct {
	// Runtime holds the settings and takes the metrics. Required.
	Runtime *Runtime
	// Brokers are the addresses to begin with, as host:port, one an element or several with commas. Required.
	Brokers []string
	// Topic is what to read. Required.
	Topic string
	// Partition is the one partition to read.
	Partition int
	// From is the first offset to read. If the log begins later, reading begins there.
	From int64
	// To is the offset to stop before. 0: where the log ends when reading begins.
	To int64
	// Handler is called with the records in their order, one call at a time. An error ends the reading with that
	// error. The records are the handler's to keep; they share memory with each other. Required.
	Handler func(ctx context.Context, records []Record) error
	// Dialer opens the connections without a Transport. Nil: plain TCP.
	Dialer *kafka.Dialer
	// Transport carries the fetches; share one among many readings. It must pass requests on as they are, and end a
	// request when its context ends. Nil: an own one, with the Dialer's TLS and SASL, closed at the end.
	Transport kafka.RoundTripper
	// Logger may be nil.
	Logger *zap.Logger
}

// errReadAll ends a fetcher that has read what was asked for.
var errReadAll = errors.New("read to the end")

// ReadPartition reads one partition from From to where it ends, and returns the offset to go on from: to rebuild
// state, for example in OnAssigned. It returns ctx's error if that ends first, the handler's error, or what the
// cluster says if the client may not read the topic; everything else it waits out. Calls are independent of each
// other. Records that it reads count as consumed, but neither as lag nor for the age of records.
func ReadPartition(ctx context.Context, o ReadOptions) (next int64, err error) {
	switch {
	case o.Runtime == nil:
		return 0, errors.New("reading a partition needs a Runtime; NewRuntime without a Source makes a static one")
	case o.Topic == "" || o.Handler == nil:
		return 0, errors.New("reading a partition needs a Topic and a Handler")
	case o.Partition < 0 || o.From < 0 || o.To < 0:
		return 0, fmt.Errorf("read partition %d from offset %d to %d: none may be negative", o.Partition, o.From, o.To)
	}
	if o.Logger == nil {
		o.Logger = o.Runtime.logger
	}
	if o.Brokers, err = bootstrap(o.Brokers); err != nil {
		return 0, fmt.Errorf("brokers to read from: %w", err)
	}
	m, err := o.Runtime.consumers()
	if err != nil {
		return 0, err
	}
	b := newBrokers(o.Brokers, o.Transport, o.Dialer, o.Runtime.ClientID(), o.Logger)
	defer b.close()
	r := boundedRead{
		fetcher: fetcher{brokers: b, runtime: o.Runtime, metrics: m.topic(o.Topic), topic: o.Topic, partition: o.Partition, eager: true},
		handler: o.Handler, position: o.From, to: o.To,
	}
	if err := r.run(ctx); err != nil {
		return r.position, fmt.Errorf("read %s[%d] at offset %d of %d: %w", o.Topic, o.Partition, r.position, r.to, err)
	}
	return r.position, nil
}

// boundedRead reads up to an offset.
type boundedRead struct {
	fetcher  fetcher
	handler  func(ctx context.Context, records []Record) error
	position int64
	to       int64
}

func (r *boundedRead) run(ctx context.Context) error {
	f := &r.fetcher
	first, err := f.brokers.offset(ctx, f.topic, f.partition, kafka.FirstOffset)
	if err != nil {
		return err
	}
	r.position = max(r.position, first)
	if r.to == 0 {
		if r.to, err = f.brokers.offset(ctx, f.topic, f.partition, kafka.LastOffset); err != nil {
			return err
		}
	}
	if r.position >= r.to {
		return nil
	}
	if err := f.run(ctx, r.position, r); !errors.Is(err, errReadAll) {
		return err
	}
	return nil
}

func (r *boundedRead) room(ctx context.Context) error { return ctx.Err() }

// put hands over what lies before the end.
func (r *boundedRead) put(ctx context.Context, c chunk) error {
	n := len(c.records)
	for n > 0 && c.records[n-1].Offset >= r.to {
		n--
	}
	if n > 0 {
		if err := r.handler(ctx, c.records[:n]); err != nil {
			return err
		}
		r.fetcher.metrics.records.Add(float64(n))
	}
	r.position = min(c.next, r.to)
	if r.position >= r.to {
		return errReadAll
	}
	return nil
}

// outOfRange goes on where the log begins now. A log that ends before the goal has lost what was there.
func (r *boundedRead) outOfRange(ctx context.Context, position int64) (int64, error) {
	next, err := nearest(ctx, &r.fetcher, position)
	if err != nil {
		return 0, err
	}
	r.position = next
	if next < position || next >= r.to {
		return 0, errReadAll
	}
	return next, nil
}
