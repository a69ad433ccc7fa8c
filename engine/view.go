package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// view is what this instance knows from all events. It is safe for concurrent use.
type view struct {
	options Options
	archive *archive
	tail    atomic.Pointer[Tail]
	told    func(hunt.Event) // is told each event as it took effect
	feed    *feed
	behind  atomic.Int64 // partitions that are not caught up
	log     *zap.Logger

	mu     sync.RWMutex // guards the fields below and what is in the states
	states map[int]*hunt.State
	next   map[int]int64 // the offset after the last event of each partition that was taken in
}

func newView(o Options, a *archive, told func(hunt.Event), f *feed) *view {
	v := &view{options: o, archive: a, told: told, feed: f, log: o.Logger, states: map[int]*hunt.State{}, next: map[int]int64{}}
	v.behind.Store(int64(o.Partitions))
	return v
}

// ready says whether everything that was there at the start was seen.
func (v *view) ready() bool { return v.behind.Load() <= 0 }

// lag returns the number of events that are not taken in yet; 0 before the view follows them.
func (v *view) lag() float64 {
	t := v.tail.Load()
	if t == nil {
		return 0
	}
	return float64((*t).Lag())
}

// position returns the offset after the last event of a partition that was taken in.
func (v *view) position(partition int) int64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.next[partition]
}

// run begins with the snapshots and follows the events after them until ctx ends.
func (v *view) run(ctx context.Context) error {
	begin := time.Now()
	if err := v.restore(ctx); err != nil {
		return fmt.Errorf("restore the view: %w", err)
	}
	v.log.Info("the view begins with its snapshots", zap.Any("next", v.next), zap.Duration("took", time.Since(begin)))
	tail, err := v.options.Client.NewTail(live.TailOptions{
		Runtime: v.options.Runtime, Brokers: v.options.Brokers, Topic: v.options.Events,
		From:    live.TailFrom{Start: live.Earliest, Offsets: v.next},
		Handler: v.handle, OnCaughtUp: func(int) { v.behind.Add(-1) }, Logger: v.log,
	})
	if err != nil {
		return fmt.Errorf("make the engine's view: %w", err)
	}
	v.tail.Store(&tail)
	return tail.Run(ctx)
}

// restore takes the snapshots in. Partitions without one begin with the first event.
func (v *view) restore(ctx context.Context) error {
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(rebuilding)
	for partition := range v.options.Partitions {
		group.Go(func() error {
			s, err := v.archive.restore(reading, partition)
			if err != nil || s.next == 0 {
				return err
			}
			v.feed.begin(partition, s.next)
			v.mu.Lock()
			defer v.mu.Unlock()
			v.states[partition], v.next[partition] = s.state, s.next
			return nil
		})
	}
	return group.Wait()
}

// handle takes events of one partition in. Who waits is told afterwards, so that he then also reads what happened.
func (v *view) handle(_ context.Context, records []live.Record) error {
	events, offsets := decode[hunt.Event](records, v.log)
	v.apply(records[0].Partition, events, records[len(records)-1].Offset+1)
	all := make([]told, len(events))
	for i, e := range events {
		v.told(e)
		all[i] = told{offsets[i], e}
	}
	v.feed.publish(records[0].Partition, all)
	return nil
}

// apply takes events in, up to before the offset next, and leaves in their places how they took effect.
func (v *view) apply(partition int, events []hunt.Event, next int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next[partition] = next
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
