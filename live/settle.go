package live

import (
	"errors"
	"fmt"
	"time"
)

// unknownOffset is the offset of records of which a broker says only that it has them.
const unknownOffset = -1

// acknowledge reports the batch's records as written from offset on.
func (p *Producer) acknowledge(b *batch, offset int64) {
	pt := b.partition
	now := p.now()
	records := pt.finish(now, b, (*partition).used)
	m := pt.topic.metrics
	var sent int
	for e := records.head; e != nil; e = e.next {
		if !e.reported {
			e.rec.Partition, e.rec.Offset = pt.id, offset
			m.latency.Observe(time.Duration(now - e.at).Seconds())
			sent++
		}
		if offset != unknownOffset {
			offset++
		}
	}
	m.sent.Add(float64(sent))
	p.report(records, nil)
	pt.release(nil)
}

// fail reports the batch's records as failed.
func (p *Producer) fail(b *batch, err error) {
	pt := b.partition
	then := (*partition).doubtful
	if refused(b, err) {
		then = func(*partition, *batch) {}
	}
	records := pt.finish(p.now(), b, then)
	p.report(records, err)
	pt.release(err)
}

// retry keeps the batch as the partition's next, after a pause.
func (p *Producer) retry(b *batch, err error, pause time.Duration) {
	b.partition.topic.metrics.retries.Add(float64(b.records.n))
	b.partition.postpone(p.now(), pause, err, p.settingsFor(b.partition.topic))
}

// shrink cuts a batch that the broker found too large in two; a single record fails.
func (p *Producer) shrink(b *batch, err error) {
	if b.records.n == 1 {
		p.fail(b, fmt.Errorf("%w: produce %d bytes to %s[%d]: %w; raise the topic's max.message.bytes or send less",
			ErrRecordTooLarge, b.records.bytes, b.partition.topic.name, b.partition.id, err))
		return
	}
	t := b.partition.topic
	t.learned.Store(int64(max(b.records.bytes/2, 1)))
	t.metrics.retries.Add(float64(b.records.n))
	b.partition.putBack(p.now(), b, p.settingsFor(t))
}

// closing says whether Close has given the producer's requests up.
func (p *Producer) closing() bool { return p.ctx.Err() != nil }

// report tells the callers, in order, and then gives back what the records held. It skips what was reported before.
// Records of finished batches belong to the caller alone; nobody else touches them.
func (p *Producer) report(records entryList, err error) {
	if records.n == 0 {
		return
	}
	var reported int
	var bytes int64
	for e := records.head; e != nil; e = e.next {
		if e.reported {
			e.epoch = nil
			continue
		}
		bytes += cost(&e.rec)
		reported++
		e.report(err)
	}
	if err != nil && reported > 0 {
		p.topic(records.head.rec.Topic).metrics.failed(err, reported)
	}
	if p.closing() && errors.Is(err, ErrClosed) {
		p.lost.Add(int64(reported))
	}
	p.buffer.release(bytes)
	p.leave(records.head)
	p.recycle(records.head)
}

// leave counts reported records out of their epochs, neighbours together.
func (p *Producer) leave(e *entry) {
	for e != nil {
		ep, n := e.epoch, int64(0)
		for ; e != nil && e.epoch == ep; e = e.next {
			n++
		}
		if ep != nil {
			ep.leave(n)
		}
	}
}

// recycle gives a chain of entries back.
func (p *Producer) recycle(e *entry) {
	for e != nil {
		next := e.next
		p.entries.put(e)
		e = next
	}
}

// encoded notes that flight's records were read; from now on they may be reported.
func (pt *partition) encoded(b *batch, now int64) {
	if b.attempts == 1 {
		for e := b.records.head; e != nil; e = e.next {
			pt.topic.metrics.queueTime.Observe(time.Duration(now - e.at).Seconds())
		}
	}
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.encoding = false
}

// finish ends the flight and hands its records over. The next batch waits for release, so that callbacks keep the
// records' order. What became of the batch's numbers is for number to note.
func (pt *partition) finish(now int64, b *batch, number func(*partition, *batch)) entryList {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.landed(now)
	pt.settling = true
	pt.flight = nil
	number(pt, b)
	return b.records
}

// renumber takes the numbers of a batch that the broker didn't accept.
func (pt *partition) renumber(b *batch) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.doubtful(b)
}

// release opens the partition for the next batch.
func (pt *partition) release(err error) {
	s := pt.topic.producer.settingsFor(pt.topic)
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.settling, pt.notBefore, pt.lastErr = false, 0, err
	pt.list(s)
}

// postpone ends the flight; the batch is sent again after a pause, before anything younger.
func (pt *partition) postpone(now int64, pause time.Duration, err error, s *producerSettings) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.landed(now)
	pt.notBefore, pt.lastErr = now+int64(pause), err
	pt.list(s)
}

// putBack ends the flight and puts the batch's records back to the front of the queue.
func (pt *partition) putBack(now int64, b *batch, s *producerSettings) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	pt.landed(now)
	pt.dropReported(b)
	if b.attempts > 1 {
		pt.doubtful(b) // A former attempt may have been written.
	}
	pt.queue.prepend(b.records)
	pt.flight, pt.notBefore = nil, 0
	pt.list(s)
}
