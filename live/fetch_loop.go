package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// answerWithin is how much longer than fetch.max.wait.ms an answer may take before the broker counts as gone.
const answerWithin = 10 * time.Second

// sink takes what a fetcher brings. Its methods are called one at a time; an error ends the fetcher.
type sink interface {
	// room blocks until more may be fetched.
	room(ctx context.Context) error
	// put takes a chunk over, with records or without.
	put(ctx context.Context, c chunk) error
	// outOfRange says where to go on when the partition has no such offset as position any more, or not yet.
	outOfRange(ctx context.Context, position int64) (int64, error)
}

// fetcher reads one partition. Each partition has a fetcher and a connection of its own: fetch.min.bytes and
// fetch.max.wait.ms belong to a request, so a request with several partitions could not have each topic's own values,
// and one whose handler is behind would wait for the others.
type fetcher struct {
	brokers   *brokers
	runtime   *Runtime
	metrics   *consumerTopicMetrics
	topic     string
	partition int
	// eager asks the broker to answer with whatever it has. It belongs to the fetcher's goroutine.
	eager bool
}

// run fetches from position on until ctx ends or the sink returns an error, and returns that error. It reads the
// settings at every fetch. What a wait can heal, it heals.
func (f *fetcher) run(ctx context.Context, position int64, to sink) error {
	var failed backoff
	for {
		if err := to.room(ctx); err != nil {
			return err
		}
		c, throttle, err := f.fetch(ctx, position)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, kafka.OffsetOutOfRange):
			if position, err = to.outOfRange(ctx, position); err != nil {
				return err
			}
			err = failed.pause(ctx) // The start of the log may move ahead of us for a while.
		case err != nil:
			err = f.heal(ctx, &failed, err)
		default:
			f.recovered(&failed, position)
			position = c.next
			if err = to.put(ctx, c); err == nil && throttle > 0 {
				err = sleep(ctx, throttle)
			}
		}
		if err != nil {
			return err
		}
	}
}

// heal waits out an error, or returns it if waiting won't help.
func (f *fetcher) heal(ctx context.Context, failed *backoff, err error) error {
	if fatal(err) {
		return fmt.Errorf("fetch from %s[%d]: %w", f.topic, f.partition, err)
	}
	log := f.brokers.logger.Debug
	if failed.failures == 0 {
		log = f.brokers.logger.Warn
	}
	log("fetching failed, trying again", zap.String("topic", f.topic), zap.Int("partition", f.partition), zap.Error(err))
	if needsMetadata(err) {
		f.brokers.renew(ctx)
	}
	return failed.pause(ctx)
}

func (f *fetcher) recovered(failed *backoff, position int64) {
	if failed.failures > 0 {
		f.brokers.logger.Info("fetching again", zap.String("topic", f.topic), zap.Int("partition", f.partition), zap.Int64("offset", position))
	}
	*failed = backoff{}
}

// fetch asks once, with the settings of this moment.
func (f *fetcher) fetch(ctx context.Context, position int64) (chunk, time.Duration, error) {
	s := f.runtime.snapshot().forTopic(f.topic).consumer
	req := &fetchRequest{
		clientID: f.brokers.clientID, topic: f.topic, partition: f.partition, offset: position,
		// Asked for 0 bytes, a broker answers an empty partition at once, again and again.
		minBytes: max(1, s.fetchMinBytes), maxBytes: s.maxPartitionFetchBytes, maxWait: s.fetchMaxWait,
	}
	if f.eager {
		req.minBytes = 1
	}
	req.minBytes = min(req.minBytes, req.maxBytes)
	ctx, cancel := context.WithTimeout(ctx, s.fetchMaxWait+answerWithin)
	defer cancel()
	start := time.Now()
	m, err := f.brokers.client.Transport.RoundTrip(ctx, f.brokers.addr(), req)
	f.metrics.fetched(time.Since(start))
	if err != nil {
		return chunk{}, 0, err
	}
	answer, ok := m.(*fetchResponse)
	if !ok {
		return chunk{}, 0, fmt.Errorf("the transport answered with %T; use one that passes requests on as they are", m)
	}
	if answer.err != nil {
		return chunk{}, answer.throttle, answer.err
	}
	c, err := decodeChunk(answer.records, f.topic, f.partition, position)
	c.highWatermark = answer.highWatermark
	return c, answer.throttle, err
}
