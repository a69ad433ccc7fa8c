package live

import (
	"context"
	"sync"
	"sync/atomic"
)

// epoch counts the records that were accepted between two flushes and not reported yet.
type epoch struct {
	seq  int64
	open atomic.Int64
	// left is closed when the epoch is over and nothing of it, nor of any earlier one, is open.
	left chan struct{}

	mu     sync.Mutex // guards the fields below
	over   bool
	before bool // an earlier epoch still has open records
	closed bool
	next   *epoch
}

// epochs give Flush its point in time: what was accepted before the call, and nothing after it.
type epochs struct {
	mu      sync.Mutex // serialises advance
	current atomic.Pointer[epoch]
	// flushed is the newest epoch that must not wait for linger any more.
	flushed atomic.Int64
}

func newEpochs() *epochs {
	es := &epochs{}
	es.current.Store(&epoch{seq: 1, left: make(chan struct{})})
	return es
}

// enter counts a record in and returns its epoch.
func (es *epochs) enter() *epoch {
	for {
		e := es.current.Load()
		e.open.Add(1)
		if es.current.Load() == e {
			return e
		}
		e.leave(1) // A flush went by; the record belongs behind it.
	}
}

// leave counts n reported records out.
func (e *epoch) leave(n int64) {
	if e.open.Add(-n) == 0 {
		e.settle()
	}
}

// settle closes left as soon as that is due, and tells the next epoch.
func (e *epoch) settle() {
	for e != nil {
		e.mu.Lock()
		due := e.over && !e.before && !e.closed && e.open.Load() == 0
		if due {
			e.closed = true
			close(e.left)
		}
		next := e.next
		e.mu.Unlock()
		if !due || next == nil {
			return
		}
		next.mu.Lock()
		next.before = false
		next.mu.Unlock()
		e = next
	}
}

// advance ends the current epoch and returns it.
func (es *epochs) advance() *epoch {
	es.mu.Lock()
	defer es.mu.Unlock()
	old := es.current.Load()
	next := &epoch{seq: old.seq + 1, left: make(chan struct{}), before: true}
	es.current.Store(next)
	es.flushed.Store(old.seq)
	old.mu.Lock()
	old.over, old.next = true, next
	old.mu.Unlock()
	old.settle()
	return old
}

// wait blocks until everything up to e is reported, or ctx ends.
func (e *epoch) wait(ctx context.Context) error {
	select {
	case <-e.left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
