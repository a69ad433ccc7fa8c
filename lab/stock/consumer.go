package stock

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/live"
)

// consumer is a member of a group that reads each of its partitions with a Reader.
type consumer struct {
	options live.ConsumerOptions
	group   *kafka.ConsumerGroup
	ended   chan struct{} // closed when Run has returned
	cancel  context.CancelCauseFunc
	life    context.Context //nolint:containedctx // it is the member's life

	mu   sync.Mutex // guards gen, next and lags
	gen  *kafka.Generation
	next map[int]int64 // handled and not committed
	lags map[int]int64
}

// errClosed is why a member ends that is told to.
var errClosed = errors.New("closed")

func newConsumer(o live.ConsumerOptions) (*consumer, error) {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: o.Group, Brokers: o.Brokers, Topics: o.Topics, StartOffset: kafka.FirstOffset,
	})
	if err != nil {
		return nil, fmt.Errorf("join group %s: %w", o.Group, err)
	}
	c := &consumer{options: o, group: group, ended: make(chan struct{})}
	c.life, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// Run is a member of the group until Close, or until a handler fails; it may be called once.
func (c *consumer) Run(ctx context.Context) error {
	defer close(c.ended)
	stop := context.AfterFunc(ctx, func() { c.cancel(ctx.Err()) })
	defer stop()
	for {
		gen, err := c.group.Next(c.life)
		if c.life.Err() != nil {
			break
		}
		if err != nil {
			continue // The group pauses by itself before it tries again.
		}
		done := make(chan struct{})
		gen.Start(func(generation context.Context) {
			defer close(done)
			c.session(generation, gen)
		})
		<-done
	}
	err := c.group.Close()
	if cause := context.Cause(c.life); !errors.Is(cause, errClosed) {
		err = errors.Join(err, cause)
	}
	return err
}

// session handles the partitions of one generation.
func (c *consumer) session(generation context.Context, gen *kafka.Generation) {
	ctx, end := context.WithCancel(c.life)
	defer end()
	defer context.AfterFunc(generation, end)()
	assigned := map[string][]int{}
	c.mu.Lock()
	c.gen, c.next, c.lags = gen, map[int]int64{}, map[int]int64{}
	c.mu.Unlock()
	for topic, parts := range gen.Assignments {
		for _, p := range parts {
			assigned[topic] = append(assigned[topic], p.ID)
		}
	}
	if err := c.options.OnAssigned(ctx, assigned); err != nil {
		if ctx.Err() == nil {
			c.cancel(err)
		}
		return
	}
	var readers errgroup.Group
	for topic, parts := range gen.Assignments {
		for _, p := range parts {
			readers.Go(func() error { return c.read(ctx, topic, p) })
		}
	}
	if err := readers.Wait(); err != nil && ctx.Err() == nil {
		c.cancel(err)
	}
	c.options.OnRevoked(context.WithoutCancel(ctx), assigned)
}

// read handles one partition until ctx ends.
func (c *consumer) read(ctx context.Context, topic string, p kafka.PartitionAssignment) error {
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: c.options.Brokers, Topic: topic, Partition: p.ID})
	defer r.Close()
	if err := r.SetOffset(p.Offset); err != nil {
		return err
	}
	for {
		records, err := batch(ctx, r)
		if err != nil {
			return err
		}
		// What is handed over is finished, also if the partition is lost meanwhile.
		if err := c.options.Handler(context.WithoutCancel(ctx), topic, p.ID, records); err != nil {
			c.cancel(err)
			return err
		}
		c.mu.Lock()
		c.next[p.ID], c.lags[p.ID] = records[len(records)-1].Offset+1, r.Stats().Lag
		c.mu.Unlock()
		_ = c.Commit(ctx) // What could not be committed is with the next commit, or comes again.
	}
}

// Commit commits what was handled.
func (c *consumer) Commit(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == nil || len(c.next) == 0 {
		return nil
	}
	if err := c.gen.CommitOffsets(map[string]map[int]int64{c.options.Topics[0]: c.next}); err != nil {
		return fmt.Errorf("commit for group %s: %w", c.options.Group, err)
	}
	clear(c.next)
	return nil
}

// Close leaves the group and waits for Run.
func (c *consumer) Close(ctx context.Context) error {
	c.cancel(errClosed)
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lag is the number of records that wait.
func (c *consumer) Lag() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum int64
	for _, lag := range c.lags {
		sum += max(0, lag)
	}
	return sum
}
