package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Producer writes records to topics. All methods are safe for concurrent use. It starts its goroutines with the first
// record; Close ends them.
type Producer struct {
	opts    ProducerOptions
	runtime *Runtime
	logger  *zap.Logger
	metrics *producerMetrics
	client  *kafka.Client
	own     *ownTransport // nil if the transport was given
	cluster *cluster
	buffer  buffer
	epochs  *epochs
	// identities number what is sent.
	identities *identities
	entries    entryPool
	waiters    waiterPool
	born       time.Time

	topics  atomic.Pointer[map[string]*topic]
	lanes   map[int]*lane
	running atomic.Bool

	ctx    context.Context // ends the goroutines that Close waits for
	cancel context.CancelFunc
	wg     sync.WaitGroup
	closed atomic.Bool
	// abandoned is set before Close fails what its context left no time for.
	abandoned atomic.Bool
	// lost counts the records that Close gave up.
	lost   atomic.Int64
	ending chan struct{} // closed when Close begins
	ended  chan struct{} // closed when Close has finished

	mu sync.Mutex // guards lanes, and changes of topics and running
}

// NewProducer checks the options and returns a producer. It opens no connection.
func NewProducer(o ProducerOptions) (*Producer, error) {
	if o.Runtime == nil {
		return nil, errors.New("a producer needs a Runtime; NewRuntime without a Source makes a static one")
	}
	brokers, err := brokerAddr(o.Brokers)
	if err != nil {
		return nil, fmt.Errorf("make a producer: %w", err)
	}
	if o.Logger == nil {
		o.Logger = o.Runtime.logger
	}
	if o.inFlight == 0 {
		o.inFlight = defaultInFlight
	}
	if o.requestBytes == 0 {
		o.requestBytes = defaultRequestBytes
	}
	m, err := o.Runtime.producers()
	if err != nil {
		return nil, err
	}
	p := &Producer{
		opts: o, runtime: o.Runtime, logger: o.Logger, metrics: m, epochs: newEpochs(), born: time.Now(),
		lanes: make(map[int]*lane), ending: make(chan struct{}), ended: make(chan struct{}),
		client: &kafka.Client{Addr: brokers, Transport: o.Transport},
	}
	if o.Transport == nil {
		p.own = newOwnTransport(o.Runtime.ClientID())
		p.client.Transport = p.own
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.cluster = newCluster(p)
	p.identities = newIdentities(p)
	p.buffer.setLimit(p.runtime.snapshot().app.producer.bufferMemory)
	p.topics.Store(&map[string]*topic{})
	for _, name := range o.Topics {
		p.topic(name)
	}
	m.attach(p)
	return p, nil
}

// Produce hands records over and waits until all are acknowledged or failed. For one record it returns that record's
// error, for several a *[RecordsError]. If ctx ends first it returns ctx's error; what was handed over by then may
// still be written. If the buffer stays full, the records up to there are sent, and the others fail with
// [ErrBufferFull].
func (p *Producer) Produce(ctx context.Context, records ...Record) error {
	if len(records) == 0 {
		return nil
	}
	w := p.waiters.get(len(records))
	for i := range records {
		if err := p.accept(ctx, &records[i], true, nil, w, i); err != nil {
			for ; i < len(records); i++ {
				w.finish(i, err)
			}
			break
		}
	}
	if err := w.await(ctx); err != nil {
		return fmt.Errorf("produce %d records: %w; %w", len(records), err, errAbandoned)
	}
	err := w.result(len(records))
	p.waiters.put(w)
	return err
}

// Send hands r over and returns. It blocks only while the buffer is full, for up to max.block.ms. If it returns nil,
// done is called exactly once, with the record's partition and offset or with its error; otherwise never. Calls for
// one partition come in the records' order. done must not block: it holds the partition up. It may call TryProduce.
func (p *Producer) Send(ctx context.Context, r Record, done func(Record, error)) error {
	return p.accept(ctx, &r, true, done, nil, 0)
}

// TryProduce is Send that never blocks: it returns [ErrBufferFull] at once if the buffer is full.
func (p *Producer) TryProduce(r Record, done func(Record, error)) error {
	return p.accept(context.Background(), &r, false, done, nil, 0)
}

// accept takes a record into the buffer and to its partition.
func (p *Producer) accept(ctx context.Context, r *Record, block bool, done func(Record, error), w *waiter, index int) error {
	if r.Topic == "" {
		return errors.New("produce a record: its Topic is empty; set it")
	}
	if p.closed.Load() {
		return ErrClosed
	}
	t := p.topic(r.Topic)
	s := p.settingsFor(t)
	if err := p.reserve(ctx, cost(r), block, s); err != nil {
		t.metrics.failed(err, 1)
		return err
	}
	e := p.entries.get()
	e.rec, e.done, e.wait, e.index = *r, done, w, int32(index)
	e.epoch = p.epochs.enter()
	if p.closed.Load() {
		e.epoch.leave(1)
		p.buffer.release(cost(r))
		p.entries.put(e)
		return ErrClosed
	}
	p.stamp(e, s)
	t.add(e, s)
	if p.abandoned.Load() {
		p.abandon(nil) // Close gave up while the record was on its way in.
	}
	return nil
}

// reserve takes size bytes of the buffer.
func (p *Producer) reserve(ctx context.Context, size int64, block bool, s *producerSettings) error {
	if p.buffer.tryAcquire(size) {
		return nil
	}
	if size > s.bufferMemory {
		return fmt.Errorf("%w: it needs %d bytes, buffer.memory is %d; raise it or send less", ErrRecordTooLarge, size, s.bufferMemory)
	}
	if !block {
		return ErrBufferFull
	}
	err := p.buffer.acquire(ctx, size, s.maxBlock, p.ending)
	if errors.Is(err, ErrBufferFull) {
		return fmt.Errorf("%w: %d bytes were not free within max.block.ms (%v)", err, size, s.maxBlock)
	}
	return err
}

// stamp sets the times of an accepted record.
func (p *Producer) stamp(e *entry, s *producerSettings) {
	now := time.Now()
	if e.rec.Time.IsZero() {
		e.rec.Time = now
	}
	e.at = int64(now.Sub(p.born))
	e.deadline = e.at + int64(s.deliveryTimeout)
	if !p.running.Load() {
		p.start()
	}
}

// start starts the goroutines that serve all brokers, once.
func (p *Producer) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running.Load() || p.ctx.Err() != nil {
		return
	}
	p.running.Store(true)
	p.spawn(p.keepHouse)
	p.spawn(p.cluster.run)
}

// spawn runs f in a goroutine that Close ends and waits for.
func (p *Producer) spawn(f func(context.Context)) { p.wg.Go(func() { f(p.ctx) }) }

// now is the time since the producer's start, in nanoseconds.
func (p *Producer) now() int64 { return int64(time.Since(p.born)) }

func (p *Producer) settingsFor(t *topic) *producerSettings {
	return &p.runtime.snapshot().forTopic(t.name).producer
}

// topic returns the topic called name, new if need be.
func (p *Producer) topic(name string) *topic {
	if t, ok := (*p.topics.Load())[name]; ok {
		return t
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	topics := *p.topics.Load()
	if t, ok := topics[name]; ok {
		return t
	}
	t := &topic{producer: p, name: name, metrics: p.metrics.topic(name)}
	topics = maps.Clone(topics)
	topics[name] = t
	p.topics.Store(&topics)
	return t
}

// allTopics returns the topics in the order of their names.
func (p *Producer) allTopics() []*topic {
	topics := *p.topics.Load()
	all := make([]*topic, 0, len(topics))
	for _, name := range slices.Sorted(maps.Keys(topics)) {
		all = append(all, topics[name])
	}
	return all
}

// lane returns the lane to a broker, new and staffed if need be.
func (p *Producer) lane(broker int) *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lanes[broker]
	if !ok {
		l = newLane(p, broker)
		p.lanes[broker] = l
		l.staff()
	}
	return l
}

// nudgeLanes makes every lane look again at what is ripe.
func (p *Producer) nudgeLanes() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lanes {
		l.nudge()
	}
}
