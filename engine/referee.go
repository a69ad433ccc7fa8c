package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// referee decides the commands of the partitions that this instance is assigned.
type referee struct {
	options  Options
	producer *live.Producer
	log      *zap.Logger
	joined   atomic.Bool

	mu    sync.Mutex
	owned map[int]map[string]*hunt.Hunt // by partition, then by hunt
}

// restartAfter is the wait before a referee that failed begins anew.
const restartAfter = 500 * time.Millisecond

// run is a member of the group until ctx ends. A failure, such as events that could not be written, ends the membership and
// begins a new one, whose state is rebuilt from what is in the log.
func (r *referee) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.member(ctx); err != nil {
			r.log.Warn("the referee begins anew from the log", zap.Error(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(restartAfter):
		}
	}
	return nil
}

func (r *referee) member(ctx context.Context) error {
	consumer, err := live.NewConsumer(live.ConsumerOptions{
		Runtime: r.options.Runtime, Brokers: r.options.Brokers, Group: r.options.Group, Topics: []string{r.options.Commands},
		Reset: live.Earliest, Handler: r.handle, OnAssigned: r.assigned, Logger: r.log,
	})
	if err != nil {
		return err
	}
	return consumer.Run(ctx)
}

// assigned rebuilds the state of the new partitions from all of their events, before any of their commands is handled.
func (r *referee) assigned(ctx context.Context, partitions map[string][]int) error {
	owned := map[int]map[string]*hunt.Hunt{}
	transport := &kafka.Transport{ClientID: r.options.Runtime.ClientID()}
	defer transport.CloseIdleConnections()
	for _, p := range partitions[r.options.Commands] {
		hunts := map[string]*hunt.Hunt{}
		_, err := live.ReadPartition(ctx, live.ReadOptions{
			Runtime: r.options.Runtime, Brokers: r.options.Brokers, Topic: r.options.Events, Partition: p, Transport: transport, Logger: r.log,
			Handler: func(_ context.Context, records []live.Record) error {
				for _, rec := range records {
					r.apply(hunts, rec)
				}
				return nil
			},
		})
		if err != nil {
			return fmt.Errorf("rebuild partition %d from %s: %w", p, r.options.Events, err)
		}
		owned[p] = hunts
	}
	r.mu.Lock()
	r.owned = owned
	r.mu.Unlock()
	r.joined.Store(true)
	return nil
}

func (r *referee) apply(hunts map[string]*hunt.Hunt, rec live.Record) {
	var e hunt.Event
	if err := json.Unmarshal(rec.Value, &e); err != nil {
		r.log.Error("an event can't be read; it is passed over", zap.Int("partition", rec.Partition), zap.Int64("offset", rec.Offset), zap.Error(err))
		return
	}
	put(hunts, e)
}

// put applies an event and returns it as it took effect.
func put(hunts map[string]*hunt.Hunt, e hunt.Event) hunt.Event {
	h, effective := hunt.Apply(hunts[e.Hunt], e)
	if h != nil {
		hunts[e.Hunt] = h
	}
	return effective
}

// handle decides a batch of commands of one partition and writes their events together. Its error leaves the commands
// uncommitted and the state ahead of the log, so that the membership must end.
func (r *referee) handle(ctx context.Context, _ string, partition int, records []live.Record) error {
	r.mu.Lock()
	hunts := r.owned[partition]
	r.mu.Unlock()
	if hunts == nil {
		return fmt.Errorf("partition %d was handed out before its state was rebuilt", partition)
	}
	events := make([]live.Record, 0, len(records))
	for _, rec := range records {
		var c hunt.Command
		if err := json.Unmarshal(rec.Value, &c); err != nil {
			r.log.Error("a command can't be read; it is passed over", zap.Int("partition", partition), zap.Int64("offset", rec.Offset), zap.Error(err))
			continue
		}
		// The event is written also for a repeated command: whoever repeated it waits for an answer.
		e := hunt.Decide(hunts[c.Hunt], c)
		put(hunts, e)
		value, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode the event of command %s: %w", c.ID, err)
		}
		events = append(events, live.Record{Topic: r.options.Events, Key: []byte(c.Hunt), Value: value})
	}
	if err := r.producer.Produce(ctx, events...); err != nil {
		return fmt.Errorf("write %d events of partition %d: %w", len(events), partition, err)
	}
	return nil
}
