package lab

import (
	"context"
	"sync"
	"time"
)

// maxWaiting bounds the requests under way at once, so that a server that never answers costs memory for this many.
const maxWaiting = 4000

// OpenLoop begins requests at the phases' rates, whatever becomes of the earlier ones, until the phases end or ctx
// does, then waits for all of them. A request that is due while maxWaiting are under way is not sent, but dropped.
func OpenLoop(ctx context.Context, begin time.Time, phases []Phase, send func(due time.Time), dropped func(due time.Time)) {
	var requests sync.WaitGroup
	defer requests.Wait()
	places := make(chan struct{}, maxWaiting)
	due := begin
	for _, p := range phases {
		end := due.Add(p.Duration)
		gap := time.Duration(float64(time.Second) / p.Rate)
		for ; due.Before(end); due = due.Add(gap) {
			if !sleepUntil(ctx, due) {
				return
			}
			select {
			case places <- struct{}{}:
				at := due
				requests.Go(func() {
					defer func() { <-places }()
					send(at)
				})
			default:
				dropped(due)
			}
		}
		due = end
	}
}

// sleepUntil returns true at t, or at once if t has passed, and false if ctx ended before.
func sleepUntil(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
