package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// finalAttempts is how often the last commit of a session is tried, in a little more than a second: connections that
// broke together are found out one by one.
const finalAttempts = 6

// keepCommitting commits what was handled every auto.commit.interval.ms, and whenever it is asked to, until ctx ends.
func (s *session) keepCommitting(ctx context.Context) {
	last := time.Now()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		snap := s.consumer.runtime.snapshot()
		interval := snap.app.consumer.autoCommitInterval
		if interval == 0 {
			interval = time.Second // Each batch asks for its own; this is for what only moved a position.
		}
		timer.Reset(max(0, interval-time.Since(last)))
		select {
		case <-timer.C:
			s.logCommit(s.commit(ctx))
			last = time.Now()
		case answer := <-s.commits:
			err := s.commit(ctx)
			s.logCommit(err)
			answer <- err
		case <-snap.replaced:
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) logCommit(err error) {
	if err != nil {
		s.consumer.logger.Warn("committing offsets failed, the next commit includes them", zap.Error(err))
	}
}

// requestCommit asks for a commit and waits for its result. At the end of a session that is the last commit's.
func (s *session) requestCommit(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case s.commits <- answer:
	case <-s.finished:
		if len(s.uncommitted()) > 0 {
			return kafka.ErrGenerationEnded
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finalCommit commits what was handled before the partitions are given back.
func (s *session) finalCommit() {
	var failed backoff
	for {
		err := s.commit(s.life.cut)
		if err == nil {
			return
		}
		if generationLost(err) || failed.failures == finalAttempts-1 || s.life.cut.Err() != nil {
			s.consumer.logger.Warn("the last commit of the assignment failed: what was handled since the one before will be handled again", zap.Error(err))
			return
		}
		if failed.pause(s.life.cut) != nil {
			return
		}
	}
}

// commit commits what was handled since the last commit. It must not be called twice at once: an older offset could
// land behind a newer one.
func (s *session) commit(ctx context.Context) error {
	offsets := s.uncommitted()
	if len(offsets) == 0 {
		return nil
	}
	start := time.Now()
	err := s.gen.CommitOffsets(offsets)
	if err != nil && retriable(err) && !generationLost(err) {
		err = s.commitElsewhere(ctx, offsets)
	}
	s.consumer.metrics.commitLatency.Observe(time.Since(start).Seconds())
	if err != nil {
		return fmt.Errorf("commit offsets of generation %d: %w", s.gen.ID, err)
	}
	for _, p := range s.parts {
		if offset, ok := offsets[p.topic][p.id]; ok {
			p.mu.Lock()
			p.committed = offset
			p.mu.Unlock()
		}
	}
	return nil
}

// uncommitted returns what was handled and is not committed yet.
func (s *session) uncommitted() map[string]map[int]int64 {
	offsets := make(map[string]map[int]int64)
	for _, p := range s.parts {
		p.mu.Lock()
		handled, committed := p.handled, p.committed
		p.mu.Unlock()
		if handled < 0 || handled == committed {
			continue
		}
		if offsets[p.topic] == nil {
			offsets[p.topic] = make(map[int]int64)
		}
		offsets[p.topic][p.id] = handled
	}
	return offsets
}

// commitElsewhere commits over another connection, after asking who coordinates the group: the generation's own
// connection, which also carries its heartbeats, is broken or leads to a former coordinator. The request names generation and member, so the coordinator refuses it if they have lost the partitions.
func (s *session) commitElsewhere(ctx context.Context, offsets map[string]map[int]int64) error {
	req := &kafka.OffsetCommitRequest{
		GroupID: s.gen.GroupID, GenerationID: int(s.gen.ID), MemberID: s.gen.MemberID,
		Topics: make(map[string][]kafka.OffsetCommit),
	}
	for topic, parts := range offsets {
		for id, offset := range parts {
			req.Topics[topic] = append(req.Topics[topic], kafka.OffsetCommit{Partition: id, Offset: offset})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	res, err := s.consumer.brokers.client.OffsetCommit(ctx, req)
	if err != nil {
		return err
	}
	var errs []error
	for _, parts := range res.Topics {
		for _, p := range parts {
			errs = append(errs, p.Error)
		}
	}
	return errors.Join(errs...)
}

// generationLost says whether the coordinator takes no more commits of this generation.
func generationLost(err error) bool {
	return errors.Is(err, kafka.IllegalGeneration) || errors.Is(err, kafka.UnknownMemberId) || errors.Is(err, kafka.RebalanceInProgress)
}
