package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// TailFrom says where a tail begins. The zero value is the oldest record of every partition.
type TailFrom struct {
	// Start is Earliest or Latest, for the partitions that Offsets does not name.
	Start Reset
	// Offsets are the first offsets to read, by partition. May be nil.
	Offsets map[int]int64
}

// TailOptions say what a tail needs.
type TailOptions struct {
	// Runtime holds the settings and takes the metrics. Required. Fetch settings count for tails as for consumers.
	Runtime *Runtime
	// Brokers are the addresses to begin with, as host:port, one an element or several with commas. Required.
	Brokers []string
	// Topic is what to read. Required. If it does not exist yet, the tail waits for it.
	Topic string
	// From says where to begin. Partitions that are added later are read from their beginning.
	From TailFrom
	// Handler is called with the records of one partition, in their order, one call at a time for a partition and
	// several at once for several. An error ends Run with that error. The records are the handler's to keep; they
	// share memory with each other. Required.
	Handler func(ctx context.Context, records []Record) error
	// OnCaughtUp is called once for each partition, when everything that was in it when Run began has been handled,
	// and before anything later is. It is not called at the same time as Handler for that partition. May be nil.
	OnCaughtUp func(partition int)
	// Dialer opens the connections without a Transport. Nil: plain TCP.
	Dialer *kafka.Dialer
	// Transport carries the fetches. It must pass requests on as they are, and end a request when its context ends.
	// Nil: an own one, with the Dialer's TLS and SASL. A given one stays open at the end.
	Transport kafka.RoundTripper
	// Logger may be nil.
	Logger *zap.Logger
}

// Tail reads all partitions of a topic without a group: it commits nothing, and every tail reads everything.
type Tail struct {
	opts    TailOptions
	logger  *zap.Logger
	metrics *consumerTopicMetrics

	running sync.Mutex // held by Run

	mu    sync.Mutex       // guards parts
	parts []*tailPartition // what Run reads; for Lag
}

// NewTail checks the options and returns a tail. It opens no connection.
func NewTail(o TailOptions) (*Tail, error) {
	switch {
	case o.Runtime == nil:
		return nil, errors.New("a tail needs a Runtime; NewRuntime without a Source makes a static one")
	case o.Topic == "":
		return nil, errors.New("a tail needs the name of a Topic")
	case o.Handler == nil:
		return nil, errors.New("a tail needs a Handler for what it reads")
	case o.From.Start != Earliest && o.From.Start != Latest:
		return nil, fmt.Errorf("a tail can't begin at %d; use Earliest or Latest", o.From.Start)
	}
	if o.Logger == nil {
		o.Logger = o.Runtime.logger
	}
	o.From.Offsets = maps.Clone(o.From.Offsets)
	var err error
	if o.Brokers, err = bootstrap(o.Brokers); err != nil {
		return nil, fmt.Errorf("brokers of a tail: %w", err)
	}
	m, err := o.Runtime.consumers()
	if err != nil {
		return nil, err
	}
	return &Tail{opts: o, logger: o.Logger.With(zap.String("topic", o.Topic)), metrics: m.topic(o.Topic)}, nil
}

// Run reads until ctx ends; it returns nil then. It returns the error of a Handler, or what the cluster says if the
// client may not read the topic; everything else it waits out. If records are deleted before they were read, it says
// so in the log and goes on with the oldest that is left. A second call waits for the first to return, and begins
// where the options say.
func (t *Tail) Run(ctx context.Context) error {
	t.running.Lock()
	defer t.running.Unlock()
	b := newBrokers(t.opts.Brokers, t.opts.Transport, t.opts.Dialer, t.opts.Runtime.ClientID(), t.logger)
	defer b.close()
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var readers sync.WaitGroup
	known := 0
	for failed := (backoff{}); reading.Err() == nil; {
		n, err := b.partitions(reading, t.opts.Topic)
		for partition := known; partition < n; partition++ {
			p := t.partition(b, partition, known > 0)
			readers.Go(func() {
				if err := p.read(reading); reading.Err() == nil {
					stop(err)
				}
			})
		}
		known = max(known, n)
		if known > 0 {
			_ = sleep(reading, defaultWatchEvery) // If ctx ends, so does the loop.
			continue
		}
		t.missing(&failed, err)
		b.renew(reading)
		_ = failed.pause(reading)
	}
	readers.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(reading)
}

// missing says once that there is nothing to read yet.
func (t *Tail) missing(failed *backoff, err error) {
	if failed.failures == 0 {
		t.logger.Warn("the topic is not known yet, waiting for it", zap.Error(err))
	}
}

// partition notes and returns the reader of one partition; added if it came after the beginning.
func (t *Tail) partition(b *brokers, partition int, added bool) *tailPartition {
	p := &tailPartition{
		fetcher: fetcher{brokers: b, runtime: t.opts.Runtime, metrics: t.metrics, topic: t.opts.Topic, partition: partition, eager: true},
		handler: t.opts.Handler, from: t.opts.From, lag: lagGauge{sum: t.metrics.lag},
		caughtUp: func() {
			if t.opts.OnCaughtUp != nil {
				t.opts.OnCaughtUp(partition)
			}
		},
	}
	if added {
		p.from = TailFrom{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if partition == 0 {
		t.parts = nil // what a former Run has read
	}
	t.parts = append(t.parts, p)
	return p
}

// tailPartition reads one partition, in one goroutine.
type tailPartition struct {
	fetcher  fetcher
	handler  func(ctx context.Context, records []Record) error
	caughtUp func()
	from     TailFrom
	lag      lagGauge

	position int64
	// end is where the log ended at the start; negative once it has been reached.
	end int64
}

// read reads until ctx ends or the handler fails.
func (p *tailPartition) read(ctx context.Context) error {
	defer p.lag.leave()
	f := &p.fetcher
	end, err := f.brokers.offset(ctx, f.topic, f.partition, kafka.LastOffset)
	if err != nil {
		return err
	}
	p.end = end
	offset, given := p.from.Offsets[f.partition]
	switch {
	case given:
		p.position = offset
	case p.from.Start == Latest:
		p.position = end
	default:
		if p.position, err = f.brokers.offset(ctx, f.topic, f.partition, kafka.FirstOffset); err != nil {
			return err
		}
	}
	p.lag.handled(p.position)
	p.check()
	return f.run(ctx, p.position, p)
}

// check tells that the partition has caught up, once. Only then its records have an age that says something.
func (p *tailPartition) check() {
	if p.end >= 0 && p.position >= p.end {
		p.end = -1
		p.fetcher.eager = false
		p.caughtUp()
	}
}

func (p *tailPartition) room(ctx context.Context) error { return ctx.Err() }

// put hands a chunk to the handler. What was there at the start and what came later are handed over apart.
func (p *tailPartition) put(ctx context.Context, c chunk) error {
	p.lag.seen(c.highWatermark)
	if p.end >= 0 {
		old := 0
		for old < len(c.records) && c.records[old].Offset < p.end {
			old++
		}
		if err := p.handle(ctx, c.records[:old]); err != nil {
			return err
		}
		p.fetcher.metrics.records.Add(float64(old))
		c.records = c.records[old:]
		p.position = c.next
		p.check()
	}
	p.fetcher.metrics.handOut(c.records)
	if err := p.handle(ctx, c.records); err != nil {
		return err
	}
	p.position = c.next
	p.lag.handled(c.next)
	return nil
}

func (p *tailPartition) handle(ctx context.Context, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := p.handler(ctx, records); err != nil {
		return fmt.Errorf("handle %d records of %s[%d] from offset %d: %w", len(records), p.fetcher.topic, p.fetcher.partition, records[0].Offset, err)
	}
	return nil
}

// outOfRange goes to the nearest offset that the log has.
func (p *tailPartition) outOfRange(ctx context.Context, position int64) (int64, error) {
	next, err := nearest(ctx, &p.fetcher, position)
	if err != nil {
		return 0, err
	}
	p.fetcher.brokers.logger.Warn("the log does not have the offset, going on elsewhere: records were deleted before they were read",
		zap.Int("partition", p.fetcher.partition), zap.Int64("offset", position), zap.Int64("next", next))
	p.position = next
	p.lag.handled(next)
	p.end = min(p.end, next) // The log may have been cut off at its end.
	p.check()
	return next, nil
}

// nearest returns position, or the end of the log that is nearer.
func nearest(ctx context.Context, f *fetcher, position int64) (int64, error) {
	first, err := f.brokers.offset(ctx, f.topic, f.partition, kafka.FirstOffset)
	if err != nil {
		return 0, err
	}
	last, err := f.brokers.offset(ctx, f.topic, f.partition, kafka.LastOffset)
	if err != nil {
		return 0, err
	}
	return min(max(position, first), last), nil
}
