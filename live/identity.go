package live

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/zap"
)

// identity is a producer id that a broker gave out. Under it the batches of a partition are numbered, so that brokers
// recognise one that comes again (Kafka's KIP-98).
type identity struct {
	// serial counts the producer's identities from 1; 0 is none yet.
	serial int64
	// id is -1 if the producer has to do without.
	id    int64
	epoch int16
}

// anonymous is the identity of batches that are not numbered.
func (i identity) anonymous() bool { return i.id < 0 }

// identities gets identities for a producer. A partition of which it isn't known any more what the broker has of it needs
// a new one; the others go on with theirs.
type identities struct {
	producer *Producer
	current  atomic.Pointer[identity]
	// wanted is the least serial that will do.
	wanted atomic.Int64

	mu  sync.Mutex // held while one is asked for
	err atomic.Pointer[error]
}

func newIdentities(p *Producer) *identities {
	i := &identities{producer: p}
	i.wanted.Store(1)
	if p.opts.DisableIdempotence {
		i.current.Store(&identity{serial: math.MaxInt64, id: -1, epoch: -1})
	}
	return i
}

// outdated asks for an identity newer than old.
func (i *identities) outdated(old identity) {
	for {
		w := i.wanted.Load()
		if w > old.serial || i.wanted.CompareAndSwap(w, old.serial+1) {
			return
		}
	}
}

// ready says whether the current identity will do.
func (i *identities) ready() bool {
	c := i.current.Load()
	return c != nil && c.serial >= i.wanted.Load()
}

// ensure returns when there is an identity that will do, or ctx ended. Records wait meanwhile, and expire.
func (i *identities) ensure(ctx context.Context) {
	if i.ready() {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var failed backoff
	for !i.ready() {
		next, err := i.ask(ctx)
		if err == nil {
			i.current.Store(&next)
			i.err.Store(nil)
			return
		}
		if ctx.Err() != nil {
			return
		}
		i.err.Store(&err)
		if failed.failures == 0 {
			i.producer.logger.Warn("getting a producer id failed, trying again", zap.Error(err))
		}
		if failed.pause(ctx) != nil {
			return
		}
	}
}

// why returns why there is no identity that will do; nil if there is one.
func (i *identities) why() error {
	if err := i.err.Load(); err != nil {
		return *err
	}
	return nil
}

// ask gets a new identity. Where brokers give none to this client, it goes on without, as Kafka's own client does.
func (i *identities) ask(ctx context.Context) (identity, error) {
	p := i.producer
	next := identity{serial: i.wanted.Load()}
	if c := i.current.Load(); c != nil {
		next.serial = max(next.serial, c.serial+1)
	}
	ctx, cancel := context.WithTimeout(ctx, p.runtime.snapshot().app.producer.requestTimeout)
	defer cancel()
	m, err := p.client.Transport.RoundTrip(ctx, p.client.Addr, &initProducerRequest{clientID: p.runtime.ClientID()})
	answer, ok := m.(*initProducerResponse)
	switch {
	case err == nil && !ok:
		err = fmt.Errorf("the transport answered with %T: %w", m, kafka.UnsupportedVersion)
	case err == nil:
		err = answer.err
	}
	switch {
	case err == nil:
		next.id, next.epoch = answer.id, answer.epoch
		return next, nil
	case errors.Is(err, kafka.ClusterAuthorizationFailed), errors.Is(err, kafka.UnsupportedVersion):
		p.logger.Warn("brokers give this client no producer id: a retry can write a record twice; allow it IdempotentWrite on the cluster", zap.Error(err))
		return identity{serial: math.MaxInt64, id: -1, epoch: -1}, nil
	}
	return identity{}, fmt.Errorf("get a producer id: %w", err)
}

// numbering is a partition's own: under which identity it writes, and the number of the next record.
type numbering struct {
	identity
	next int32
}

// identified gives the partition an identity if it has none; it returns false if there is none yet that it may use. The
// caller holds the partition's lock.
func (pt *partition) identified() bool {
	if pt.numbers.serial != 0 {
		return true
	}
	c := pt.topic.producer.identities.current.Load()
	if c == nil || c.serial <= pt.doubted {
		return false
	}
	pt.numbers = numbering{identity: *c}
	return true
}

// numbered gives a batch its numbers, if it has none: those of its first attempt stay with it, or the broker would not
// recognise it. The caller holds the partition's lock.
func (pt *partition) numbered(b *batch) {
	if b.numbers.serial == 0 {
		b.numbers = pt.numbers
	}
}

// used notes that the broker has a batch. The caller holds the partition's lock.
func (pt *partition) used(b *batch) {
	if b.numbers.serial == pt.numbers.serial {
		pt.numbers.next = (b.numbers.next + int32(b.records.n)) & math.MaxInt32
	}
}

// doubtful notes that it isn't known whether the broker has b, which will not come again as it was: what follows is
// numbered anew, under an identity that the broker has not seen. The caller holds the partition's lock.
func (pt *partition) doubtful(b *batch) {
	if b.numbers.serial == 0 || b.numbers.anonymous() {
		return
	}
	pt.doubted = b.numbers.serial
	pt.topic.producer.identities.outdated(b.numbers.identity)
	pt.numbers, b.numbers = numbering{}, numbering{}
}

// outOfSequence says whether the broker doesn't take a batch's numbers: it has forgotten what came before, as after an
// unclean change of leaders.
func outOfSequence(err error) bool {
	return errors.Is(err, kafka.OutOfOrderSequenceNumber) || errors.Is(err, kafka.UnknownProducerId) ||
		errors.Is(err, kafka.InvalidProducerEpoch) || errors.Is(err, kafka.InvalidProducerIDMapping)
}

// refused says whether the broker has certainly not written a batch: it answered, at the first attempt, with an error
// that comes before writing.
func refused(b *batch, err error) bool {
	code, ok := errors.AsType[kafka.Error](err)
	return ok && b.attempts == 1 && code != kafka.RequestTimedOut && code != kafka.NotEnoughReplicasAfterAppend &&
		code != kafka.NetworkException && code != kafka.Unknown && code != kafka.KafkaStorageError
}

// initProducerRequest asks any broker for a producer id. kafka-go's own request of the kind is always routed to the
// coordinator of a transaction, and there is none here; so it writes itself, as version 0, which all brokers speak.
type initProducerRequest struct {
	clientID string
	known    bool
}

// initProducerResponse is the answer.
type initProducerResponse struct {
	err   error
	id    int64
	epoch int16
}

var _ protocol.RawExchanger = (*initProducerRequest)(nil)

// ApiKey is Kafka's number of the request.
func (*initProducerRequest) ApiKey() protocol.ApiKey { return protocol.InitProducerId } //nolint:revive // the method's name is kafka-go's

// ApiKey is Kafka's number of the request.
func (*initProducerResponse) ApiKey() protocol.ApiKey { return protocol.InitProducerId } //nolint:revive // the method's name is kafka-go's

// Required notes whether the broker knows the request, and says that it writes itself.
func (r *initProducerRequest) Required(versions map[protocol.ApiKey]int16) bool {
	_, r.known = versions[protocol.InitProducerId]
	return true
}

// RawExchange writes the request and reads its answer.
func (r *initProducerRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if !r.known {
		return nil, kafka.UnsupportedVersion
	}
	b := make([]byte, 4, 32+len(r.clientID))
	b = binary.BigEndian.AppendUint16(b, uint16(protocol.InitProducerId))
	b = binary.BigEndian.AppendUint16(b, 0) // version
	b = binary.BigEndian.AppendUint32(b, 0) // correlation
	b = appendText(b, r.clientID)
	b = binary.BigEndian.AppendUint16(b, ^uint16(0)) // transactional id: none
	b = binary.BigEndian.AppendUint32(b, math.MaxInt32)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	if _, err := rw.Write(b); err != nil {
		return nil, err
	}
	body, err := readAnswer(rw)
	if err != nil {
		return nil, err
	}
	w := wireReader{b: body}
	w.int32() // correlation
	w.int32() // throttle
	res := &initProducerResponse{}
	if code := w.int16(); code != 0 {
		res.err = kafka.Error(code)
	}
	res.id, res.epoch = w.int64(), w.int16()
	if w.bad {
		return nil, fmt.Errorf("the answer ends too early: %w", io.ErrUnexpectedEOF)
	}
	return res, nil
}
