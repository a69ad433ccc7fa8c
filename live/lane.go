package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// lane carries what goes to one broker. Its workers take turns: one looks for partitions whose batch is ripe, packs
// everything that may leave into one request, hands the turn on and sends.
type lane struct {
	producer *Producer
	broker   int
	// turn holds a token while a worker looks for what is ripe.
	turn chan struct{}
	// wake holds a token if something was added or became ripe earlier than expected.
	wake chan struct{}
	// sleepsUntil is when the worker with the turn looks again by itself; never while it is not asleep.
	sleepsUntil atomic.Int64
	// mutedUntil is when the broker's throttling ends.
	mutedUntil atomic.Int64

	mu      sync.Mutex // guards added and the start of workers
	added   []*partition
	workers int
	idle    int

	// pending belongs to the worker with the turn.
	pending []*partition
}

func newLane(p *Producer, broker int) *lane {
	l := &lane{producer: p, broker: broker, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	l.sleepsUntil.Store(never)
	return l
}

// add puts a partition on the list and wakes the worker if it would look too late.
func (l *lane) add(pt *partition, ripe int64) {
	l.mu.Lock()
	l.added = append(l.added, pt)
	l.mu.Unlock()
	if ripe < l.sleepsUntil.Load() {
		l.nudge()
	}
}

// nudge makes the worker with the turn look again.
func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// staff starts a worker if none is free and there may be more.
func (l *lane) staff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle == 0 && l.workers < l.producer.opts.inFlight {
		l.workers++
		l.idle++
		l.producer.spawn(l.work)
	}
}

// work is one worker's life.
func (l *lane) work(ctx context.Context) {
	var s sender
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case l.turn <- struct{}{}:
		case <-ctx.Done():
			return
		}
		s.batches = l.gather(ctx, timer, s.batches[:0])
		l.busy(+1)
		<-l.turn
		if len(s.batches) == 0 {
			return
		}
		l.staff()
		l.producer.send(ctx, l, &s)
		l.busy(-1)
	}
}

func (l *lane) busy(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle -= n
}

// gather blocks until something is ripe and takes it; it returns nothing when ctx ends.
func (l *lane) gather(ctx context.Context, timer *time.Timer, batches []*batch) []*batch {
	for {
		l.producer.identities.ensure(ctx)
		l.sleepsUntil.Store(never)
		l.takeAdded()
		now := l.producer.now()
		batches, next := l.pick(now, batches)
		if len(batches) > 0 {
			return batches
		}
		l.sleepsUntil.Store(next)
		timer.Reset(time.Duration(min(next, now+int64(time.Hour)) - now))
		select {
		case <-l.wake:
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *lane) takeAdded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, l.added...)
	clear(l.added)
	l.added = l.added[:0]
}

// pick takes the batches that may leave together now, or tells when the next one is ripe.
func (l *lane) pick(now int64, batches []*batch) (_ []*batch, next int64) {
	if muted := l.mutedUntil.Load(); muted > now {
		return batches, muted
	}
	snap := l.producer.runtime.snapshot()
	if next = l.survey(snap); next > now {
		return batches, next
	}
	bytes := 0
	l.keep(func(pt *partition) bool {
		if bytes >= l.producer.opts.requestBytes {
			return true
		}
		b, stays := l.takeRipe(pt, now, snap)
		if b != nil {
			batches = append(batches, b)
			bytes += b.records.bytes
		}
		return stays
	})
	for _, b := range batches {
		if b.attempts == 1 {
			b.partition.topic.left(b.partition)
		}
	}
	return batches, now
}

// survey drops the partitions that have nothing for this broker and returns when the first of the others is ripe.
func (l *lane) survey(snap *snapshot) int64 {
	next := never
	l.keep(func(pt *partition) bool {
		s := &snap.forTopic(pt.topic.name).producer
		pt.mu.Lock()
		defer pt.mu.Unlock()
		ripe, _ := pt.ripeness(s)
		if pt.lane != l || ripe == never {
			pt.listed = false
			pt.list(s)
			return false
		}
		next = min(next, ripe)
		return true
	})
	return next
}

// takeRipe takes the batch of pt if it is ripe or rides along, and says whether pt stays on the list.
func (l *lane) takeRipe(pt *partition, now int64, snap *snapshot) (b *batch, stays bool) {
	s := &snap.forTopic(pt.topic.name).producer
	pt.mu.Lock()
	defer pt.mu.Unlock()
	if _, ride := pt.ripeness(s); ride > now || pt.lane != l {
		return nil, true
	}
	pt.dropFailed()
	if !pt.identified() {
		return nil, true // The worker looks again when there is an identity.
	}
	return pt.take(now, s), false
}

// keep filters the list in place.
func (l *lane) keep(stays func(*partition) bool) {
	kept := l.pending[:0]
	for _, pt := range l.pending {
		if stays(pt) {
			kept = append(kept, pt)
		}
	}
	clear(l.pending[len(kept):])
	l.pending = kept
}
