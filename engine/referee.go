package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

const (
	// restartAfter is the wait before a referee that failed begins anew.
	restartAfter = 500 * time.Millisecond
	// rebuilding is the number of partitions that are rebuilt at once.
	rebuilding = 4
	// commitEvery bounds what a partition's referee handles between two commits, whatever auto.commit.interval.ms says:
	// a command that comes again after a crash must be among those whose ids the game remembers.
	commitEvery = hunt.Remembered / 5
)

// referee decides the commands of the partitions that this instance is assigned.
type referee struct {
	options  Options
	archive  *archive
	producer Producer
	log      *zap.Logger
	joined   atomic.Bool
	consumer atomic.Pointer[Consumer] // the current membership's; nil before the first

	mu    sync.Mutex // guards owned
	owned map[int]*court
}

// court is one partition: its hunts, and what was handled since the last commit that was asked for. It belongs to whoever
// handles the partition.
type court struct {
	state       *hunt.State
	uncommitted int
}

func newReferee(o Options, a *archive, p Producer) *referee {
	return &referee{options: o, archive: a, producer: p, log: o.Logger.With(zap.String("part", "referee"))}
}

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
	consumer, err := r.options.Client.NewConsumer(live.ConsumerOptions{
		Runtime: r.options.Runtime, Brokers: r.options.Brokers, Group: r.options.Group, Topics: []string{r.options.Commands},
		Reset: live.Earliest, Handler: r.handle, OnAssigned: r.assigned, OnRevoked: r.revoked, Logger: r.log,
	})
	if err != nil {
		return err
	}
	r.consumer.Store(&consumer)
	ended := make(chan error, 1)
	// Run's own context would interrupt the handler: what it has written would be uncommitted, and decided once more.
	go func() { ended <- consumer.Run(context.WithoutCancel(ctx)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	return errors.Join(consumer.Close(closing), <-ended)
}

// lag returns the number of commands that wait for this referee.
func (r *referee) lag() float64 {
	c := r.consumer.Load()
	if c == nil {
		return 0
	}
	return float64((*c).Lag())
}

// assigned rebuilds the state of the new partitions before any of their commands is handled.
func (r *referee) assigned(ctx context.Context, partitions map[string][]int) error {
	begin, numbers := time.Now(), partitions[r.options.Commands]
	courts := make([]*court, len(numbers))
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(rebuilding)
	for i, partition := range numbers {
		group.Go(func() error {
			s, err := r.archive.rebuild(reading, partition)
			if err != nil {
				return err
			}
			courts[i] = &court{state: s.state}
			r.log.Info("state rebuilt", zap.Int("partition", partition), zap.Int64("snapshot", s.from), zap.Int64("events", s.next-s.from))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	owned := make(map[int]*court, len(numbers))
	for i, partition := range numbers {
		owned[partition] = courts[i]
	}
	r.mu.Lock()
	r.owned = owned
	r.mu.Unlock()
	r.joined.Store(true)
	r.log.Info("the partitions' states are rebuilt", zap.Ints("partitions", numbers), zap.Duration("took", time.Since(begin)))
	return nil
}

// revoked lets go of the state.
func (r *referee) revoked(context.Context, map[string][]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owned = nil
}

// partitions returns the partitions that this referee owns, in their order.
func (r *referee) partitions() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.owned))
}

// handle decides a batch of commands of one partition and writes their events together, so that linger is waited for once.
// Its error leaves the commands uncommitted and the state ahead of the log, so that the membership must end.
func (r *referee) handle(ctx context.Context, _ string, partition int, records []live.Record) error {
	r.mu.Lock()
	c := r.owned[partition]
	r.mu.Unlock()
	if c == nil {
		return fmt.Errorf("partition %d was handed out without a state", partition)
	}
	if err := r.commit(ctx, c, len(records)); err != nil {
		return err
	}
	events := make([]live.Record, 0, len(records))
	for _, command := range decodeCommands(records, r.log) {
		// The event is written also for a repeated command: whoever repeated it waits for an answer.
		event := c.state.Apply(c.state.Decide(command))
		record, err := recordOf(r.options.Events, command.Hunt, event)
		if err != nil {
			return err
		}
		events = append(events, record)
	}
	if err := r.producer.Produce(ctx, events...); err != nil {
		return fmt.Errorf("write %d events of partition %d: %w", len(events), partition, err)
	}
	return nil
}

// commit commits what was handled before n more commands are, if it is time to.
func (r *referee) commit(ctx context.Context, c *court, n int) error {
	if c.uncommitted+n > commitEvery && c.uncommitted > 0 {
		if err := (*r.consumer.Load()).Commit(ctx); err != nil {
			return fmt.Errorf("commit before more is handled than can be recognised again: %w", err)
		}
		c.uncommitted = 0
	}
	c.uncommitted += n
	return nil
}
