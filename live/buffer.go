package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// buffer bounds the memory of the records that were accepted and not reported yet. Callers that have to wait are
// served in the order in which they came; nobody overtakes them.
type buffer struct {
	limit atomic.Int64
	used  atomic.Int64
	// waiting counts the queue; while it is not 0 the fast path is closed.
	waiting atomic.Int32

	mu    sync.Mutex // guards queue
	queue []*claim
}

// claim is one caller in the queue.
type claim struct {
	size    int64
	granted chan struct{}
}

// tryAcquire takes size bytes if they are free and nobody waits.
func (b *buffer) tryAcquire(size int64) bool {
	if b.waiting.Load() > 0 {
		return false
	}
	return b.take(size)
}

// take never overshoots, not even for a moment: a claim that was denied by a passing overshoot would wait for a
// release that may not come.
func (b *buffer) take(size int64) bool {
	for {
		used := b.used.Load()
		if used+size > b.limit.Load() {
			return false
		}
		if b.used.CompareAndSwap(used, used+size) {
			return true
		}
	}
}

// acquire takes size bytes, waiting up to limit for them. It returns ErrBufferFull if they did not become free in
// time, ctx's error if it ended, ErrClosed if closed was closed.
func (b *buffer) acquire(ctx context.Context, size int64, limit time.Duration, closed <-chan struct{}) error {
	if b.tryAcquire(size) {
		return nil
	}
	if limit <= 0 {
		return ErrBufferFull
	}
	c := b.enqueue(size)
	b.grant() // What was freed before the claim was in the queue.
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var err error
	select {
	case <-c.granted:
		return nil
	case <-timer.C:
		err = ErrBufferFull
	case <-ctx.Done():
		err = ctx.Err()
	case <-closed:
		err = ErrClosed
	}
	if !b.withdraw(c) {
		b.free(size) // It was granted meanwhile.
	}
	b.grant()
	return err
}

func (b *buffer) enqueue(size int64) *claim {
	c := &claim{size: size, granted: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, c)
	b.waiting.Add(1)
	return c
}

// withdraw takes c out of the queue; false if it was granted already.
func (b *buffer) withdraw(c *claim) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, x := range b.queue {
		if x == c {
			b.queue = append(b.queue[:i], b.queue[i+1:]...)
			b.waiting.Add(-1)
			return true
		}
	}
	return false
}

// grant serves the queue from its front as far as the free bytes go.
func (b *buffer) grant() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) > 0 && b.take(b.queue[0].size) {
		close(b.queue[0].granted)
		b.queue[0] = nil
		b.queue = b.queue[1:]
		b.waiting.Add(-1)
	}
}

// release gives size bytes back and serves the queue.
func (b *buffer) release(size int64) {
	if size == 0 {
		return
	}
	b.free(size)
	if b.waiting.Load() > 0 {
		b.grant()
	}
}

func (b *buffer) free(size int64) { b.used.Add(-size) }

// setLimit changes the bound at once; what exceeds a lower one drains by itself.
func (b *buffer) setLimit(limit int64) {
	b.limit.Store(limit)
	b.grant()
}

// available is what can be accepted now.
func (b *buffer) available() int64 { return max(0, b.limit.Load()-b.used.Load()) }
