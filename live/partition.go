package live

import (
	"math"
	"sync"
	"time"
)

// never is a time that does not come.
const never = int64(math.MaxInt64)

// partition gathers what waits for one partition and holds the batch in flight. There is at most one: until it is
// acknowledged or failed, nothing younger leaves, which keeps the order.
type partition struct {
	topic *topic
	id    int

	mu    sync.Mutex // guards everything below
	queue entryList
	// soonest is at most the earliest deadline in queue and flight.
	soonest int64
	// flight is being sent, or waits to be sent again; nil if there is none.
	flight *batch
	// sending is set while a request carries flight, settling while its records are being reported. Either keeps
	// the next batch back.
	sending, settling bool
	// encoding is set while flight's records are read; they must not be reported then.
	encoding bool
	// notBefore holds the next attempt back, in nanoseconds since the producer's start.
	notBefore int64
	// lane belongs to the leader's broker; nil while there is no leader.
	lane *lane
	// listed says that lane, or a former one, has the partition on its list.
	listed bool
	// lastErr is why the last attempt failed, or why there is no leader.
	lastErr error
	// numbers are those of the next new batch; the identity must be newer than doubted.
	numbers numbering
	doubted int64

	// busy adds up the time with a request in flight or held back by one; since is when the present such time began.
	// landedAt is when the last request ended, fullAt when the queue became full, wrote when the last request started.
	busy            time.Duration
	since, landedAt int64
	fullAt, wrote   int64
}

// add takes a record in. It reports whether the queue holds at least one full batch.
func (pt *partition) add(e *entry, s *producerSettings) (full bool) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.queue.push(e)
	if e.deadline < pt.soonest || pt.queue.n == 1 && pt.flight == nil {
		pt.soonest = e.deadline
	}
	full = pt.full(s)
	if full && pt.fullAt == 0 {
		pt.fullAt = e.at
	}
	switch {
	case pt.sending, pt.settling:
	case pt.lane == nil:
		pt.topic.producer.cluster.ask(false)
	case !pt.listed:
		pt.list(s)
	case full && pt.flight == nil:
		pt.lane.nudge()
	}
	return full
}

// full says whether a batch would be cut by size or count.
func (pt *partition) full(s *producerSettings) bool {
	return pt.queue.n >= s.batchRecords || pt.queue.bytes >= pt.topic.batchLimit(s)
}

// list puts the partition on its leader's list, if it has something to send and a leader.
func (pt *partition) list(s *producerSettings) {
	if pt.listed || pt.sending || pt.settling || pt.lane == nil || pt.flight == nil && pt.queue.n == 0 {
		return
	}
	pt.listed = true
	ripe, _ := pt.ripeness(s)
	pt.lane.add(pt, ripe)
}

// ripeness returns when the partition must send, and from when on it may ride along with another's request: half of
// its linger. Partitions that fill at the same pace so fall into step and share requests, and a hot one does not
// cut the batches of the others to pieces.
func (pt *partition) ripeness(s *producerSettings) (ripe, ride int64) {
	switch {
	case pt.flight != nil:
		return pt.notBefore, pt.notBefore
	case pt.queue.n == 0:
		return never, never
	case pt.full(s):
		return pt.fullAt, pt.fullAt
	case pt.queue.head.epoch.seq <= pt.topic.producer.epochs.flushed.Load():
		return 0, 0
	}
	at := pt.queue.head.at
	return at + int64(s.linger), at + int64(s.linger/2)
}

// take makes the next batch the one in flight: the one to be sent again, or else a new one from the queue's front.
// Nil if everything has been reported meanwhile.
func (pt *partition) take(now int64, s *producerSettings) *batch {
	pt.listed = false
	pt.since = now
	if pt.flight == nil {
		if pt.queue.n == 0 {
			return nil
		}
		pt.since = pt.heldBackSince(now, s)
		pt.flight = &batch{partition: pt, records: pt.queue.cut(s.batchRecords, pt.topic.batchLimit(s))}
		pt.fullAt = 0
		if pt.full(s) {
			pt.fullAt = now
		}
	} else if pt.flight.records.n == 0 { // all of them were reported
		pt.flight = nil
		return pt.take(now, s)
	}
	pt.numbered(pt.flight)
	pt.sending, pt.encoding = true, true
	pt.wrote = now
	pt.flight.attempts++
	return pt.flight
}

// heldBackSince returns since when the batch would have left but for a request in flight: the partition's own, which
// counts by itself, or others to the same broker.
func (pt *partition) heldBackSince(now int64, s *producerSettings) int64 {
	ripe, _ := pt.ripeness(s)
	return min(now, max(ripe, pt.landedAt, pt.queue.head.at))
}

// dropFailed takes the records out of the batch to be sent again that have failed since its last attempt.
func (pt *partition) dropFailed() {
	if pt.flight != nil {
		pt.dropReported(pt.flight)
	}
}

// dropReported takes the records out of b that failed since its last attempt. What is left is another batch to the broker.
func (pt *partition) dropReported(b *batch) {
	gone := b.records.remove(func(e *entry) bool { return e.reported })
	if gone.n > 0 {
		pt.doubtful(b)
		pt.topic.producer.recycle(gone.head)
	}
}

// place assigns the leader's lane; nil for none.
func (pt *partition) place(l *lane, err error, s *producerSettings) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	if l == nil {
		pt.lastErr = err
	}
	if pt.lane == l {
		return
	}
	if pt.listed && pt.lane != nil {
		pt.lane.nudge() // The former lane has it on its list and hands it over.
	}
	pt.lane = l
	pt.list(s)
}

// landed ends the time in flight.
func (pt *partition) landed(now int64) {
	if pt.sending {
		pt.busy += time.Duration(now - pt.since)
		pt.landedAt = now
	}
	pt.sending, pt.encoding = false, false
}

// expire marks what is due as reported and returns it, to be reported after the lock is given back. Records in flight
// stay in their batch, since the request goes on; what is returned for them are copies.
func (pt *partition) expire(now int64) (due entryList, why error) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	if pt.soonest > now || pt.encoding {
		return due, nil
	}
	pt.soonest = never
	if pt.flight != nil {
		for e := pt.flight.records.head; e != nil; e = e.next {
			if e.deadline <= now && !e.reported {
				e.reported = true
				due.push(pt.topic.producer.entries.copied(e))
			}
		}
		pt.notice(pt.flight.records)
	}
	waiting := pt.queue.remove(func(e *entry) bool { return e.deadline <= now })
	pt.notice(pt.queue)
	waiting.prepend(due)
	return waiting, pt.lastErr
}

// notice keeps soonest at most the deadline of every record of l that was not reported.
func (pt *partition) notice(l entryList) {
	for e := l.head; e != nil; e = e.next {
		if !e.reported {
			pt.soonest = min(pt.soonest, e.deadline)
		}
	}
}

// usage returns the time with a request in flight so far, and when the last one started.
func (pt *partition) usage(now func() int64) (busy time.Duration, wrote int64) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	busy = pt.busy
	if pt.sending {
		busy += time.Duration(now() - pt.since)
	}
	return busy, pt.wrote
}

// stuck says whether something waits here for a leader.
func (pt *partition) stuck() bool {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	return pt.lane == nil && (pt.flight != nil || pt.queue.n > 0)
}

// load returns how much waits here, to choose between partitions.
func (pt *partition) load() (bytes int, leader bool) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	bytes = pt.queue.bytes
	if pt.flight != nil {
		bytes += pt.flight.records.bytes
	}
	return bytes, pt.lane != nil && pt.notBefore == 0
}

// batch is a cut of a partition's queue on its way.
type batch struct {
	partition *partition
	records   entryList
	// attempts counts the requests that carried it.
	attempts int
	// size is its encoded size in the last request.
	size int
	// numbers are those of its first attempt; none before it.
	numbers numbering
}
