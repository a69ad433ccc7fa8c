package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// view is what this instance knows from all events. It is safe for concurrent use.
type view struct {
	tail   Tail
	told   func(hunt.Event) // is told each event as it took effect
	feed   *feed
	behind atomic.Int64 // partitions that are not caught up
	log    *zap.Logger

	mu     sync.RWMutex // guards states and what is in them
	states map[int]*hunt.State
}

func newView(o Options, told func(hunt.Event), f *feed) (*view, error) {
	v := &view{told: told, feed: f, log: o.Logger, states: map[int]*hunt.State{}}
	v.behind.Store(int64(o.Partitions))
	var err error
	v.tail, err = o.Client.NewTail(live.TailOptions{
		Runtime: o.Runtime, Brokers: o.Brokers, Topic: o.Events, From: live.TailFrom{Start: live.Earliest},
		Handler: v.handle, OnCaughtUp: func(int) { v.behind.Add(-1) }, Logger: o.Logger,
	})
	return v, err
}

// ready says whether everything that was there at the start was seen.
func (v *view) ready() bool { return v.behind.Load() <= 0 }

// run follows the events from the first to the newest until ctx ends.
func (v *view) run(ctx context.Context) error { return v.tail.Run(ctx) }

// handle takes events of one partition in. Who waits is told afterwards, so that he then also reads what happened.
func (v *view) handle(_ context.Context, records []live.Record) error {
	events, offsets := decode[hunt.Event](records, v.log)
	v.apply(records[0].Partition, events)
	all := make([]told, len(events))
	for i, e := range events {
		v.told(e)
		all[i] = told{offsets[i], e}
	}
	v.feed.publish(records[0].Partition, all)
	return nil
}

// apply takes events in and leaves in their places how they took effect.
func (v *view) apply(partition int, events []hunt.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	state, ok := v.states[partition]
	if !ok {
		state = hunt.NewState()
		v.states[partition] = state
	}
	for i, e := range events {
		events[i] = state.Apply(e)
	}
}

// answer returns the event that answered a command before, if it is remembered.
func (v *view) answer(c hunt.Command) (hunt.Event, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, s := range v.states {
		if e, ok := s.Answer(c); ok {
			return e, true
		}
	}
	return hunt.Event{}, false
}

// partitionOf returns the partition that a hunt is in, or false if the view doesn't know it.
func (v *view) partitionOf(id string) (int, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for partition, s := range v.states {
		if _, ok := s.Hunt(id); ok {
			return partition, true
		}
	}
	return 0, false
}

// read calls f with a hunt, or returns false if the view doesn't know it. f must neither keep nor change the hunt.
func (v *view) read(id string, f func(*hunt.Hunt)) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, s := range v.states {
		if h, ok := s.Hunt(id); ok {
			f(h)
			return true
		}
	}
	return false
}
