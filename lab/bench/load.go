package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// recordSize is the size of every record's value, in bytes.
const recordSize = 200

// keys is the number of different keys.
const keys = 1000

// maxWaiting bounds the callers of an open loop that wait at once; a record that is due while so many wait is dropped.
const maxWaiting = 4000

// getReady is the time that the callers of an open loop have to get to their places.
const getReady = 10 * time.Millisecond

// load offers records to a producer for a time.
type load struct {
	scenario Scenario
	keys     [][]byte
	value    []byte
}

func newLoad(s Scenario) *load {
	l := &load{scenario: s, value: make([]byte, recordSize)}
	random := rand.NewChaCha8([32]byte{1}) // the same bytes for every client; they don't compress
	_, _ = random.Read(l.value)            // never fails
	for i := range keys {
		l.keys = append(l.keys, fmt.Appendf(nil, "key-%04d", i))
	}
	return l
}

// run offers records until d has passed, waits for all of them, and returns what became of them.
func (l *load) run(ctx context.Context, p producer, d time.Duration) *tally {
	t := newTally()
	before := usageNow()
	begin := time.Now()
	switch l.scenario.Mode {
	case Closed:
		l.closed(ctx, p, begin.Add(d), t)
	case Open:
		l.open(ctx, p, d, t)
	case Async, Full, Trickle:
		l.async(ctx, p, begin.Add(d), t)
	}
	t.elapsed = time.Since(begin)
	t.usage = usageNow().since(before)
	return t
}

// closed keeps the scenario's number of callers busy.
func (l *load) closed(ctx context.Context, p producer, end time.Time, t *tally) {
	var callers sync.WaitGroup
	for c := range l.scenario.Callers {
		callers.Go(func() {
			for i := c; ctx.Err() == nil; i += l.scenario.Callers {
				begin := time.Now()
				if begin.After(end) {
					return
				}
				err := p.produce(ctx, l.keys[i%keys], l.value)
				t.record(c, time.Since(begin), err)
			}
		})
	}
	callers.Wait()
}

// open offers records at the scenario's rate. The callers stand ready, as they would in a server, so that starting them
// costs no client anything.
func (l *load) open(ctx context.Context, p producer, d time.Duration, t *tally) {
	type job struct {
		due time.Time
		key []byte
	}
	due := make(chan job)
	var callers, ready sync.WaitGroup
	ready.Add(maxWaiting)
	for c := range maxWaiting {
		callers.Go(func() {
			ready.Done()
			for j := range due {
				err := p.produce(ctx, j.key, l.value)
				t.record(c, time.Since(j.due), err)
			}
		})
	}
	ready.Wait()
	begin := time.Now().Add(getReady)
	gap := time.Duration(float64(time.Second) / l.scenario.Rate)
	for i, at := 0, begin; at.Sub(begin) < d && ctx.Err() == nil; i, at = i+1, at.Add(gap) {
		if wait := time.Until(at); wait > 0 {
			time.Sleep(wait)
		}
		select {
		case due <- job{at, l.keys[i%keys]}:
		default:
			t.dropped.Add(1)
		}
	}
	close(due)
	callers.Wait()
}

// async offers records as fast as the client takes them, without keys as Kafka's own tool does.
func (l *load) async(ctx context.Context, p producer, end time.Time, t *tally) {
	var underway sync.WaitGroup
	var acknowledged, failed atomic.Int64
	done := func(err error) {
		if err != nil {
			failed.Add(1)
		} else {
			acknowledged.Add(1)
		}
		underway.Done()
	}
	for i := 0; ctx.Err() == nil; i++ {
		if i%1000 == 0 && time.Now().After(end) {
			break
		}
		underway.Add(1)
		if err := p.send(ctx, nil, l.value, done); err != nil {
			done(err)
		}
	}
	underway.Wait()
	t.acknowledged.Add(acknowledged.Load())
	t.errors.Add(failed.Load())
}
