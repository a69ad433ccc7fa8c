package store

import (
	"context"
	"math/rand/v2"
	"time"
)

// How long a blocking call waits before it asks etcd again: twice as long each time, with jitter, so that a thousand
// instances don't come back at the same moment.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// pause is the wait between two attempts. Its zero value is ready; it is for one goroutine.
type pause struct{ next time.Duration }

// wait waits, unless ctx ends first.
func (p *pause) wait(ctx context.Context) {
	p.next = min(max(firstPause, 2*p.next), longestPause)
	timer := time.NewTimer(jitter(p.next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// reset makes the next wait a short one again.
func (p *pause) reset() { p.next = 0 }

// jitter returns d less up to a fifth.
func jitter(d time.Duration) time.Duration {
	return d - rand.N(d/5+1) //nolint:gosec // spreads load, guards nothing
}
