package live

import (
	"context"
	"sync"
)

// inbox holds what was fetched of one partition and is not handed out yet.
type inbox struct {
	// arrived gets a token when something was put; taken gets one when something was taken.
	arrived chan struct{}
	taken   chan struct{}

	mu      sync.Mutex // guards the fields below
	chunks  []chunk
	records int
	bytes   int
	closed  bool
}

// newInbox returns an empty inbox that announces arrivals on arrived, which holds one token.
func newInbox(arrived chan struct{}) *inbox {
	return &inbox{arrived: arrived, taken: make(chan struct{}, 1)}
}

func (b *inbox) put(c chunk) {
	b.mu.Lock()
	if !b.closed {
		b.chunks = append(b.chunks, c)
		b.records += len(c.records)
		b.bytes += c.bytes
	}
	b.mu.Unlock()
	signal(b.arrived)
}

// take returns everything that waits, as one chunk; false if there is nothing or the inbox is closed. A handler that does
// its work once for a call, such as writing the results together, so gets larger calls the more it is behind.
func (b *inbox) take() (chunk, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.chunks) == 0 {
		return chunk{}, false
	}
	all := b.chunks[0]
	if len(b.chunks) > 1 {
		all.records = make([]Record, 0, b.records)
		for _, c := range b.chunks {
			all.records = append(all.records, c.records...)
		}
		last := b.chunks[len(b.chunks)-1]
		all.next, all.highWatermark, all.bytes = last.next, last.highWatermark, b.bytes
	}
	b.chunks, b.records, b.bytes = nil, 0, 0
	signal(b.taken)
	return all, true
}

// wait returns what waits as soon as there is something; false once ctx has ended, whatever is there.
func (b *inbox) wait(ctx context.Context) (chunk, bool) {
	for ctx.Err() == nil {
		if c, ok := b.take(); ok {
			return c, true
		}
		select {
		case <-b.arrived:
		case <-ctx.Done():
		}
	}
	return chunk{}, false
}

// below says whether fewer records and bytes are waiting than that.
func (b *inbox) below(records, bytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records < records && b.bytes < bytes
}

// close drops what is there and what will come.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.chunks, b.records, b.bytes = nil, 0, 0
}

// signal leaves a token, if there is none yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
