package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// session is the work of one generation of the group: from an assignment to its end. kafka-go waits for it before it
// joins the next generation, and all that is committed carries the generation's own number, so that nothing of a lost
// partition can be committed: the coordinator refuses it.
type session struct {
	consumer *Consumer
	gen      *kafka.Generation
	life     lifetime
	stop     context.CancelCauseFunc // ends the membership
	conf     groupSettings           // what it joined with
	place    int                     // in the order in which members rejoin
	grace    time.Duration           // how long handlers may go on after the end
	parts    []*part
	commits  chan chan error // requests, answered by keepCommitting
	finished chan struct{}   // closed when nothing of the session runs any more
}

func newSession(c *Consumer, life lifetime, stop context.CancelCauseFunc, gen *kafka.Generation, conf groupSettings) *session {
	s := &session{
		consumer: c, gen: gen, life: life, stop: stop, conf: conf, place: placeOf(c.opts.Topics, gen.Assignments),
		grace:   min(c.opts.RebalanceTimeout, conf.sessionTimeout) / 2,
		commits: make(chan chan error), finished: make(chan struct{}),
	}
	for _, topic := range c.opts.Topics {
		for _, a := range gen.Assignments[topic] {
			s.parts = append(s.parts, newPart(s, topic, a))
		}
	}
	slices.SortFunc(s.parts, func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
	})
	return s
}

// assignment returns the partitions by topic.
func (s *session) assignment() map[string][]int {
	m := make(map[string][]int)
	for _, p := range s.parts {
		m[p.topic] = append(m[p.topic], p.id)
	}
	return m
}

// run is the session's life. Its context ends with the generation; when it returns the generation ends, if it
// hasn't yet.
func (s *session) run(generation context.Context) {
	defer close(s.finished)
	c := s.consumer
	reading, end := context.WithCancel(s.life.quit)
	defer end()
	defer context.AfterFunc(generation, end)()
	handling, endHandling := context.WithCancel(s.life.hard)
	defer endHandling()

	c.logger.Info("partitions assigned", zap.Any("partitions", s.assignment()), zap.Int32("generation", s.gen.ID))
	if s.assigned(reading) {
		s.work(reading, handling, end, endHandling)
	}
	s.finalCommit()
	for _, p := range s.parts {
		p.lag.leave()
	}
	if c.opts.OnRevoked != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life.hard), s.grace)
		c.opts.OnRevoked(ctx, s.assignment())
		cancel()
	}
	c.logger.Info("partitions given back", zap.Int32("generation", s.gen.ID))
}

// assigned tells the application; it returns false if there is nothing more to do.
func (s *session) assigned(reading context.Context) bool {
	if s.consumer.opts.OnAssigned == nil {
		return true
	}
	err := s.consumer.opts.OnAssigned(reading, s.assignment())
	switch {
	case reading.Err() != nil: // Its error, if any, says the same.
		return false
	case err != nil:
		s.fail(fmt.Errorf("OnAssigned of group %s: %w", s.gen.GroupID, err))
		return false
	}
	return true
}

// work reads and hands out until reading ends, and returns when everything in hand is done or given up.
func (s *session) work(reading, handling context.Context, end, endHandling context.CancelFunc) {
	var readers, workers, keepers sync.WaitGroup
	keeping, endKeeping := context.WithCancel(context.WithoutCancel(reading))
	defer endKeeping()
	s.consumer.setSession(s) // Before the first arrival is announced: a Poll that finds no session has used the token up.
	for _, p := range s.parts {
		readers.Go(func() { p.read(reading) })
		if s.consumer.opts.Handler != nil {
			workers.Go(func() { p.work(reading, handling) })
		}
	}
	keepers.Go(func() { s.keepCommitting(keeping) })
	keepers.Go(func() { s.watchPartitions(reading, end) })
	keepers.Go(func() { s.watchSettings(reading) })

	<-reading.Done()
	patience := time.AfterFunc(s.grace, endHandling)
	defer patience.Stop()
	for _, p := range s.parts {
		p.inbox.close()
	}
	readers.Wait()
	workers.Wait()
	s.consumer.awaitHand(handling, s)
	s.consumer.setSession(nil)
	endKeeping()
	keepers.Wait()
}

// fail ends the consumer with err.
func (s *session) fail(err error) { s.stop(err) }

// share returns how many records of one partition may be waiting: consumer.queued.max.records is for all together.
func (s *session) share(queuedMaxRecords int) int {
	return max(1, queuedMaxRecords/max(1, len(s.parts)))
}

// watchPartitions ends the session when the topics have another number of partitions, so that the group assigns
// them anew.
func (s *session) watchPartitions(ctx context.Context, end context.CancelFunc) {
	for sleep(ctx, s.consumer.opts.watchEvery) == nil {
		if s.consumer.recount(ctx) && ctx.Err() == nil {
			end()
		}
	}
}

// part is one assigned partition.
type part struct {
	session *session
	topic   string
	id      int
	start   int64 // the committed offset; negative if there is none
	inbox   *inbox
	metrics *consumerTopicMetrics
	lag     lagGauge

	mu        sync.Mutex // guards the fields below
	handled   int64      // the next offset to be handled; negative if not known yet
	committed int64
}

func newPart(s *session, topic string, a kafka.PartitionAssignment) *part {
	arrived := make(chan struct{}, 1)
	if s.consumer.opts.Handler == nil {
		arrived = s.consumer.poll.arrived
	}
	m := s.consumer.topics[topic]
	p := &part{
		session: s, topic: topic, id: a.ID, start: a.Offset, inbox: newInbox(arrived), metrics: m,
		lag: lagGauge{sum: m.lag, position: a.Offset, highWatermark: a.Offset}, handled: -1, committed: a.Offset,
	}
	if a.Offset >= 0 {
		p.handled = a.Offset
	}
	return p
}

// read fetches the partition until ctx ends.
func (p *part) read(ctx context.Context) {
	c := p.session.consumer
	f := fetcher{brokers: c.brokers, runtime: c.runtime, metrics: p.metrics, topic: p.topic, partition: p.id}
	position := p.start
	if position < 0 {
		var err error
		if position, err = p.reset(ctx); err != nil {
			p.readFailed(ctx, err)
			return
		}
		p.start = position
		p.done(position)
		if c.opts.Reset == Latest {
			// Committed now, or a rebalance before the first commit would skip what is written until then.
			_ = p.session.requestCommit(ctx) // The next commit includes it.
		}
	}
	p.readFailed(ctx, f.run(ctx, position, p))
}

func (p *part) readFailed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		p.session.fail(fmt.Errorf("read %s[%d] for group %s: %w", p.topic, p.id, p.session.gen.GroupID, err))
	}
}

// reset returns where to begin without a usable offset.
func (p *part) reset(ctx context.Context) (int64, error) {
	c := p.session.consumer
	switch c.opts.Reset {
	case Earliest:
		return c.brokers.offset(ctx, p.topic, p.id, kafka.FirstOffset)
	case Latest:
		return c.brokers.offset(ctx, p.topic, p.id, kafka.LastOffset)
	case Fail:
	}
	return 0, ErrNoOffset
}

// room blocks while enough is waiting to be handed out. The settings count at once.
func (p *part) room(ctx context.Context) error {
	for {
		snap := p.session.consumer.runtime.snapshot()
		if p.inbox.below(p.session.share(snap.app.consumer.queuedMaxRecords), snap.forTopic(p.topic).consumer.maxPartitionFetchBytes) {
			return ctx.Err()
		}
		select {
		case <-p.inbox.taken:
		case <-snap.replaced:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// put queues a chunk, also one that only moves the position.
func (p *part) put(_ context.Context, c chunk) error {
	p.lag.seen(c.highWatermark)
	if len(c.records) > 0 || c.next != p.start {
		p.inbox.put(c)
	}
	p.start = c.next
	return nil
}

// outOfRange applies the reset policy to an offset that the log does not have.
func (p *part) outOfRange(ctx context.Context, position int64) (int64, error) {
	next, err := p.reset(ctx)
	if err != nil {
		return 0, fmt.Errorf("offset %d: %w", position, err)
	}
	p.session.consumer.logger.Warn("the log does not have the offset, going on elsewhere",
		zap.String("topic", p.topic), zap.Int("partition", p.id), zap.Int64("offset", position), zap.Int64("next", next))
	p.inbox.put(chunk{next: next})
	p.start = next
	return next, nil
}

// work hands the partition's records to the handler until reading ends.
func (p *part) work(reading, handling context.Context) {
	c := p.session.consumer
	for {
		got, ok := p.inbox.wait(reading)
		if !ok {
			return
		}
		if len(got.records) > 0 {
			p.metrics.handOut(got.records)
			if err := c.opts.Handler(handling, p.topic, p.id, got.records); err != nil {
				p.handlerFailed(handling, got, err)
				return
			}
		}
		p.done(got.next)
		if c.runtime.snapshot().app.consumer.autoCommitInterval == 0 {
			_ = p.session.requestCommit(reading) // keepCommitting has logged it; the next commit includes it.
		}
	}
}

// handlerFailed ends the consumer, unless the handler was told to give up.
func (p *part) handlerFailed(handling context.Context, got chunk, err error) {
	if handling.Err() != nil && errors.Is(err, handling.Err()) {
		return
	}
	p.session.fail(fmt.Errorf("handle %d records of %s[%d] from offset %d: %w", len(got.records), p.topic, p.id, got.records[0].Offset, err))
}

// done notes that everything before next was handled.
func (p *part) done(next int64) {
	p.mu.Lock()
	p.handled = next
	p.mu.Unlock()
	p.lag.handled(next)
}
