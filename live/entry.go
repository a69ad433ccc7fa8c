package live

import "sync"

// entryOverhead is what a waiting record costs beside its own bytes: the entry, rounded up to its size class.
const entryOverhead = 192

// headerOverhead is what a header costs beside its own bytes.
const headerOverhead = 40

// entry is one accepted record until it is reported. Entries are pooled and linked, so that a queue of them costs
// no further memory.
type entry struct {
	next *entry
	rec  Record
	// done and wait are the two ways to report; one of them is set.
	done  func(Record, error)
	wait  *waiter
	epoch *epoch
	// at is when the record was accepted, deadline when it fails, both in nanoseconds since the producer's start.
	at, deadline int64
	// index is the record's position among those of its Produce call.
	index int32
	// reported is set, under the partition's lock, before the one report; such an entry stays in its batch until
	// the request in flight has ended.
	reported bool
}

// cost is what a waiting record counts against buffer.memory.
func cost(r *Record) int64 {
	return int64(r.size() + entryOverhead + headerOverhead*len(r.Headers))
}

// report tells the caller what became of the record.
func (e *entry) report(err error) {
	if e.wait != nil {
		e.wait.finish(int(e.index), err)
		return
	}
	if e.done != nil {
		e.done(e.rec, err)
	}
}

// entryPool recycles entries.
type entryPool struct{ pool sync.Pool }

func (p *entryPool) get() *entry {
	if e, ok := p.pool.Get().(*entry); ok {
		return e
	}
	return &entry{}
}

// copied returns a copy of e, unlinked.
func (p *entryPool) copied(e *entry) *entry {
	c := p.get()
	*c = *e
	c.next, c.reported = nil, false
	return c
}

func (p *entryPool) put(e *entry) {
	*e = entry{}
	p.pool.Put(e)
}

// entryList is a first-in first-out list of entries.
type entryList struct {
	head, tail *entry
	n          int
	// bytes is the encoded size of the records, uncompressed and slightly overestimated.
	bytes int
}

func listOf(e *entry) entryList {
	var l entryList
	l.push(e)
	return l
}

func (l *entryList) push(e *entry) {
	e.next = nil
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.next = e
	}
	l.tail = e
	l.n++
	l.bytes += wireSize(&e.rec)
}

// cut takes entries from the front: at least one if there is any, then as long as both limits hold.
func (l *entryList) cut(maxRecords, maxBytes int) entryList {
	var out entryList
	for l.head != nil {
		size := wireSize(&l.head.rec)
		if out.n > 0 && (out.n >= maxRecords || out.bytes+size > maxBytes) {
			break
		}
		e := l.head
		l.head = e.next
		l.n--
		l.bytes -= size
		out.push(e)
	}
	if l.head == nil {
		l.tail = nil
	}
	return out
}

// prepend puts the entries of front before those of l.
func (l *entryList) prepend(front entryList) {
	if front.n == 0 {
		return
	}
	front.tail.next = l.head
	if l.head == nil {
		l.tail = front.tail
	}
	l.head = front.head
	l.n += front.n
	l.bytes += front.bytes
}

// remove takes out the entries that which selects, and keeps the order of both.
func (l *entryList) remove(which func(*entry) bool) entryList {
	var kept, out entryList
	for e := l.head; e != nil; {
		next := e.next
		if which(e) {
			out.push(e)
		} else {
			kept.push(e)
		}
		e = next
	}
	*l = kept
	return out
}
