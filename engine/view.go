package engine

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// errFull says that no more requests may wait.
var errFull = errors.New("too many requests wait for their answers")

// view is what this instance knows from all events, and the requests that wait for one. It is safe for concurrent use.
type view struct {
	options Options
	metrics *metrics
	log     *zap.Logger
	behind  atomic.Int64 // partitions that are not caught up

	mu      sync.Mutex
	hunts   map[string]*hunt.Hunt
	waiting map[string][]chan hunt.Event // by command id; a repeated request waits beside the first
	count   int
}

func newView(o Options, m *metrics) *view {
	v := &view{options: o, metrics: m, log: o.Logger, hunts: map[string]*hunt.Hunt{}, waiting: map[string][]chan hunt.Event{}}
	v.behind.Store(int64(o.Partitions))
	return v
}

func (v *view) ready() bool { return v.behind.Load() <= 0 }

// run follows the events from the first to the newest until ctx ends.
func (v *view) run(ctx context.Context) error {
	tail, err := live.NewTail(live.TailOptions{
		Runtime: v.options.Runtime, Brokers: v.options.Brokers, Topic: v.options.Events, From: live.TailFrom{Start: live.Earliest},
		Handler: v.handle, OnCaughtUp: func(int) { v.behind.Add(-1) }, Logger: v.options.Logger,
	})
	if err != nil {
		return err
	}
	return tail.Run(ctx)
}

func (v *view) handle(_ context.Context, records []live.Record) error {
	events := make([]hunt.Event, 0, len(records))
	for _, rec := range records {
		var e hunt.Event
		if err := json.Unmarshal(rec.Value, &e); err != nil {
			v.log.Error("an event can't be read; it is passed over", zap.Int("partition", rec.Partition), zap.Int64("offset", rec.Offset), zap.Error(err))
			continue
		}
		events = append(events, e)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range events {
		effective := put(v.hunts, e)
		for _, w := range v.waiting[e.Command] {
			w <- effective // it has room for one, and gets one
		}
		v.forget(e.Command)
	}
	return nil
}

// forget lets go of all requests that wait for a command. The caller holds the lock.
func (v *view) forget(command string) {
	v.count -= len(v.waiting[command])
	delete(v.waiting, command)
	v.metrics.waiting.Set(float64(v.count))
}

// wait registers a request for the event of a command. If the event is known already, it is in the channel at once. The
// returned function lets go of the request.
func (v *view) wait(huntID, command string) (<-chan hunt.Event, func(), error) {
	answer := make(chan hunt.Event, 1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if former, ok := v.hunts[huntID].Answer(command); ok {
		answer <- former
		return answer, func() {}, nil
	}
	if v.count >= v.options.MaxWaiting {
		return nil, nil, errFull
	}
	v.waiting[command] = append(v.waiting[command], answer)
	v.count++
	v.metrics.waiting.Set(float64(v.count))
	return answer, func() { v.leave(command, answer) }, nil
}

// leave takes one request out, if it still waits.
func (v *view) leave(command string, answer chan hunt.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, w := range v.waiting[command] {
		if w == answer {
			v.waiting[command] = append(v.waiting[command][:i:i], v.waiting[command][i+1:]...)
			v.count--
		}
	}
	if len(v.waiting[command]) == 0 {
		delete(v.waiting, command)
	}
	v.metrics.waiting.Set(float64(v.count))
}

// read calls f with a hunt, or returns false if the view doesn't know it. f must not keep the hunt.
func (v *view) read(id string, f func(*hunt.Hunt)) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	h, ok := v.hunts[id]
	if ok {
		f(h)
	}
	return ok
}
