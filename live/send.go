package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

const (
	// reroute is the pause after a request that never left because the leaders had moved.
	reroute = 5 * time.Millisecond
)

// errUnanswered is the error of a batch that the broker's answer does not mention.
var errUnanswered = fmt.Errorf("the broker's answer does not mention the partition: %w", kafka.NetworkException)

// sender holds what a worker reuses from request to request.
type sender struct {
	batches []*batch
	encoder batchEncoder
	spans   []span
}

// span is the place of an encoded batch in the encoder's buffer.
type span struct{ from, to int }

// send carries the batches of s to the lane's broker and settles each of them.
func (p *Producer) send(ctx context.Context, l *lane, s *sender) {
	conf := p.runtime.snapshot().app.producer
	start := p.now()
	req, err := p.encode(s, &conf, start)
	if err != nil {
		p.settleAll(s.batches, err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, conf.requestTimeout)
	res, err := p.client.Transport.RoundTrip(ctx, p.client.Addr, req)
	cancel()
	if !unrouted(err) && !isNoLeader(err) {
		p.metrics.request(time.Duration(p.now()-start), s.batches)
	}
	answer, ok := res.(*produce.Response)
	if err == nil && !ok {
		err = errUnanswered
	}
	if err != nil {
		s.encoder.buf = nil // The connection may still read from it.
		p.settleAll(s.batches, p.explain(ctx, err))
		return
	}
	p.throttled(l, time.Duration(answer.ThrottleTimeMs)*time.Millisecond)
	p.settleEach(s.batches, answer)
}

// encode builds the request. Batches share it whatever their topic.
func (p *Producer) encode(s *sender, conf *producerSettings, start int64) (*rawproduce.Request, error) {
	snap := p.runtime.snapshot()
	s.encoder.buf, s.spans = s.encoder.buf[:0], s.spans[:0]
	for _, b := range s.batches {
		from := len(s.encoder.buf)
		size, err := s.encoder.encode(&b.records, snap.forTopic(b.partition.topic.name).producer.compression, b.numbers)
		if err != nil {
			return nil, err
		}
		b.size = size
		b.partition.encoded(b, start)
		s.spans = append(s.spans, span{from, len(s.encoder.buf)})
	}
	req := &rawproduce.Request{Acks: int16(conf.acks), Timeout: brokerTimeout(conf.requestTimeout)}
	for i, b := range s.batches {
		t := requestTopic(req, b.partition.topic.name)
		t.Partitions = append(t.Partitions, rawproduce.RequestPartition{
			Partition: int32(b.partition.id),
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(s.encoder.buf[s.spans[i].from:s.spans[i].to])},
		})
	}
	return req, nil
}

func requestTopic(req *rawproduce.Request, name string) *rawproduce.RequestTopic {
	for i := range req.Topics {
		if req.Topics[i].Topic == name {
			return &req.Topics[i]
		}
	}
	req.Topics = append(req.Topics, rawproduce.RequestTopic{Topic: name})
	return &req.Topics[len(req.Topics)-1]
}

// brokerTimeout is how long the broker may wait for its followers: a quarter less than we wait for the broker, so
// that it can tell us what went wrong before we hang up.
func brokerTimeout(d time.Duration) int32 { return int32((d - d/4).Milliseconds()) }

// explain puts a name to the end of a request.
func (p *Producer) explain(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within request.timeout.ms: %w", err)
	}
	return err
}

// throttled keeps the lane quiet for as long as the broker asks.
func (p *Producer) throttled(l *lane, d time.Duration) {
	p.metrics.throttle.Observe(d.Seconds())
	if d > 0 {
		l.mutedUntil.Store(p.now() + int64(d))
	}
}

// settleEach settles each batch by its part of the answer.
func (p *Producer) settleEach(batches []*batch, answer *produce.Response) {
	guess := 0
	flat := answerParts(answer)
	for _, b := range batches {
		part := findPart(flat, b.partition, guess)
		if part < 0 {
			p.settle(b, 0, errUnanswered)
			continue
		}
		guess = part + 1
		a := flat[part].ResponsePartition
		p.settle(b, a.BaseOffset, answerError(a))
	}
}

// answerPart is the answer for one partition.
type answerPart struct {
	topic string
	*produce.ResponsePartition
}

func answerParts(answer *produce.Response) []answerPart {
	var parts []answerPart
	for i := range answer.Topics {
		t := &answer.Topics[i]
		for j := range t.Partitions {
			parts = append(parts, answerPart{t.Topic, &t.Partitions[j]})
		}
	}
	return parts
}

// findPart looks for a partition's part, beginning where brokers usually have it.
func findPart(parts []answerPart, pt *partition, guess int) int {
	for i := range parts {
		at := (guess + i) % len(parts)
		if int(parts[at].Partition) == pt.id && parts[at].topic == pt.topic.name {
			return at
		}
	}
	return -1
}

func answerError(a *produce.ResponsePartition) error {
	switch {
	case a.ErrorCode == 0:
		return nil
	case a.ErrorMessage != "":
		return fmt.Errorf("%w: %s", kafka.Error(a.ErrorCode), a.ErrorMessage)
	default:
		return kafka.Error(a.ErrorCode)
	}
}

// settleAll settles every batch with the same error.
func (p *Producer) settleAll(batches []*batch, err error) {
	for _, b := range batches {
		p.settle(b, 0, err)
	}
}

// settle ends a batch's flight: acknowledged, to be sent again, or failed.
func (p *Producer) settle(b *batch, offset int64, err error) {
	switch {
	case err == nil:
		p.acknowledge(b, offset)
	case errors.Is(err, kafka.DuplicateSequenceNumber):
		p.acknowledge(b, unknownOffset) // It was written by an attempt whose answer was lost, and others followed.
	case outOfSequence(err):
		b.partition.renumber(b)
		p.retry(b, err, p.backoff(b))
	case isTooLarge(err):
		p.shrink(b, err)
	case unrouted(err):
		p.cluster.ask(false)
		p.retry(b, err, reroute)
	case p.closing():
		p.fail(b, fmt.Errorf("%w before the record was acknowledged: %w", ErrClosed, err))
	case retriable(err):
		p.cluster.ask(needsMetadata(err))
		p.retry(b, err, p.backoff(b))
	default:
		p.fail(b, fmt.Errorf("produce to %s[%d]: %w", b.partition.topic.name, b.partition.id, err))
	}
}

// unrouted says whether the transport kept the request back because the leaders had moved since it was packed.
func unrouted(err error) bool {
	var r *rawproduce.Error
	return errors.As(err, &r) && !isNoLeader(err)
}

func isTooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}

// needsMetadata says whether a fresh look at the leaders may help.
func needsMetadata(err error) bool {
	switch errorClass(err) {
	case classLeadership, classNetwork, classTimeout:
		return true
	default:
		return false
	}
}

// backoff is the pause before the next attempt: doubled from attempt to attempt, up to a ceiling, give or take 20 %.
func (p *Producer) backoff(b *batch) time.Duration {
	s := p.runtime.snapshot().app.producer
	d := s.backoffMax
	if shift := b.attempts - 1; shift < 32 && s.backoff<<shift < s.backoffMax {
		d = s.backoff << shift
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}
