package stock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/live"
)

const (
	// together is how long a Reader is asked for one more record that may have arrived already, most at how many records
	// that ends: the Reader's own queue.
	together = time.Millisecond
	most     = 100
	// again is the pause after an error.
	again = 100 * time.Millisecond
)

// batch waits for a record, and takes with it what has arrived already. A Reader that has lost its broker connects again by
// itself, and says so by errors meanwhile; only ctx ends the wait.
func batch(ctx context.Context, r *kafka.Reader) ([]live.Record, error) {
	m, err := r.FetchMessage(ctx)
	for ; err != nil; m, err = r.FetchMessage(ctx) {
		if pause(ctx) != nil {
			return nil, ctx.Err()
		}
	}
	records := []live.Record{record(m)}
	soon, cancel := context.WithTimeout(ctx, together)
	defer cancel()
	for len(records) < most {
		if m, err = r.FetchMessage(soon); err != nil {
			break // Nothing more has arrived; if it is another error the next call has it, too.
		}
		records = append(records, record(m))
	}
	return records, nil
}

// pause waits a little, or until ctx ends; it returns ctx's error then.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(again):
		return nil
	}
}

// tail follows all partitions of a topic, each with a Reader.
type tail struct{ options live.TailOptions }

// Run follows the topic until ctx ends, or a handler fails.
func (t *tail) Run(ctx context.Context) error {
	parts, err := t.partitions(ctx)
	if err != nil {
		return err
	}
	readers, ctx := errgroup.WithContext(ctx)
	for _, p := range parts {
		readers.Go(func() error { return t.follow(ctx, p.ID) })
	}
	return readers.Wait()
}

// Lag is not known.
func (t *tail) Lag() int64 { return 0 }

func (t *tail) partitions(ctx context.Context) ([]kafka.Partition, error) {
	for {
		parts, err := kafka.DefaultDialer.LookupPartitions(ctx, "tcp", t.options.Brokers[0], t.options.Topic)
		if err == nil && len(parts) > 0 {
			return parts, nil
		}
		if pause(ctx) != nil {
			return nil, fmt.Errorf("look up the partitions of %s: %w", t.options.Topic, errors.Join(ctx.Err(), err))
		}
	}
}

// follow hands over a partition from its beginning, and says when it has caught up with what was there.
func (t *tail) follow(ctx context.Context, partition int) error {
	end, err := t.end(ctx, partition)
	if err != nil {
		return err
	}
	if end == 0 {
		t.options.OnCaughtUp(partition)
	}
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: t.options.Brokers, Topic: t.options.Topic, Partition: partition})
	defer r.Close()
	for behind := end > 0; ; {
		records, err := batch(ctx, r)
		if err != nil {
			return err
		}
		if err := t.options.Handler(ctx, records); err != nil {
			return err
		}
		if behind && records[len(records)-1].Offset+1 >= end {
			behind = false
			t.options.OnCaughtUp(partition)
		}
	}
}

// end returns the offset behind a partition's last record.
func (t *tail) end(ctx context.Context, partition int) (int64, error) {
	conn, err := kafka.DialLeader(ctx, "tcp", t.options.Brokers[0], t.options.Topic, partition)
	if err != nil {
		return 0, fmt.Errorf("ask for the end of %s[%d]: %w", t.options.Topic, partition, err)
	}
	defer conn.Close()
	return conn.ReadLastOffset()
}
