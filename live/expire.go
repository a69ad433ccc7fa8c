package live

import (
	"context"
	"fmt"
	"time"
)

const (
	// Expired records are looked for about 20 times within the shortest delivery timeout, in these limits.
	sweepsPerTimeout = 20
	minSweep         = 5 * time.Millisecond
	maxSweep         = 500 * time.Millisecond
)

// keepHouse fails the records whose time is up and applies what doesn't wait for a batch, until ctx ends.
func (p *Producer) keepHouse(ctx context.Context) {
	ticker := time.NewTicker(maxSweep)
	defer ticker.Stop()
	for snap := p.runtime.snapshot(); ; {
		ticker.Reset(sweepEvery(snap))
		p.buffer.setLimit(snap.app.producer.bufferMemory)
		for replaced := false; !replaced; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				p.expire(p.now())
			case <-snap.replaced:
				replaced = true
			}
		}
		snap = p.runtime.snapshot()
		p.settingsChanged()
	}
}

// settingsChanged lets every lane look again, since linger or sizes may differ, and forgets what brokers taught.
func (p *Producer) settingsChanged() {
	for _, t := range p.allTopics() {
		t.learned.Store(0)
	}
	p.nudgeLanes()
}

// sweepEvery returns the pause between two looks for expired records.
func sweepEvery(s *snapshot) time.Duration {
	shortest := s.app.producer.deliveryTimeout
	for _, t := range s.topics {
		shortest = min(shortest, t.producer.deliveryTimeout)
	}
	return min(max(shortest/sweepsPerTimeout, minSweep), maxSweep)
}

// expire fails every record whose delivery timeout has passed.
func (p *Producer) expire(now int64) {
	for _, t := range p.allTopics() {
		p.expirePen(t, now)
		for _, pt := range t.partitions() {
			due, last := pt.expire(now)
			if due.n == 0 {
				continue
			}
			if last == nil {
				last = p.identities.why()
			}
			p.report(due, timeoutError(t.name, pt.id, last))
		}
	}
}

// timeoutError wraps ErrDeliveryTimeout and the last attempt's error, if there is one.
func timeoutError(topic string, partition int, last error) error {
	if last == nil {
		return fmt.Errorf("produce to %s[%d]: %w", topic, partition, ErrDeliveryTimeout)
	}
	return fmt.Errorf("produce to %s[%d]: %w; the last attempt: %w", topic, partition, ErrDeliveryTimeout, last)
}

// expirePen fails the records of a topic whose partitions are not known: at their delivery timeout, and already after
// max.block.ms if a broker says that there is no such topic, or at once if it says that we may not write to it.
func (p *Producer) expirePen(t *topic, now int64) {
	due, err := t.penned(now, p.settingsFor(t))
	if due.n > 0 {
		p.report(due, err)
	}
}

// penned takes the records out of the pen that have to fail, and returns why.
func (t *topic) penned(now int64, s *producerSettings) (entryList, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pen.n == 0 {
		return entryList{}, nil
	}
	patience := s.deliveryTimeout
	err := fmt.Errorf("produce to topic %q: %w", t.name, ErrDeliveryTimeout)
	switch {
	case t.err == nil:
	case isAnswer(t.err):
		if patience = min(s.maxBlock, s.deliveryTimeout); !retriable(t.err) {
			patience = 0
		}
		err = fmt.Errorf("produce to topic %q: %w; create it, or correct the name", t.name, t.err)
	default:
		err = fmt.Errorf("produce to topic %q: %w; look up its partitions: %w", t.name, ErrDeliveryTimeout, t.err)
	}
	return t.pen.remove(func(e *entry) bool { return e.deadline <= now || e.at+int64(patience) <= now }), err
}
