package live

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

const (
	// The versions of Fetch that are spoken here: from 4 (Kafka 0.11, message format 2) to 11, the last without
	// tagged fields. Kafka 4 begins at 4, too.
	oldestFetch = 4
	newestFetch = 11
	// maxAnswerBytes is where an answer is taken for garbage: twice the most that may be asked for.
	maxAnswerBytes = 128 << 20
)

// fetchRequest asks the leader of one partition for records. It travels on kafka-go's transport, which routes it and
// keeps the connections, but writes itself and reads its own answer: kafka-go's decoder forgets how far a batch
// without records reaches, so that a consumer could stand before it for ever, and it copies more than is needed. One
// value serves one exchange.
type fetchRequest struct {
	clientID  string
	topic     string
	partition int
	offset    int64
	minBytes  int
	maxBytes  int
	maxWait   time.Duration

	version int16 // chosen in Required
}

// fetchResponse is the answer for one partition.
type fetchResponse struct {
	throttle      time.Duration
	err           error // what the broker answered instead of records
	highWatermark int64
	records       []byte // record batches, the last one perhaps cut off
}

var (
	_ protocol.BrokerMessage = (*fetchRequest)(nil)
	_ protocol.RawExchanger  = (*fetchRequest)(nil)
)

// ApiKey is Kafka's number of the request.
func (*fetchRequest) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // the method's name is kafka-go's

// ApiKey is Kafka's number of the request.
func (*fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // the method's name is kafka-go's

// Broker routes the request to the partition's leader.
func (r *fetchRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	none := protocol.Broker{ID: -1}
	topic, ok := cluster.Topics[r.topic]
	if !ok {
		return none, fetch.NewError(protocol.NewErrNoTopic(r.topic))
	}
	partition, ok := topic.Partitions[int32(r.partition)]
	if !ok {
		return none, fetch.NewError(protocol.NewErrNoPartition(r.topic, int32(r.partition)))
	}
	leader, ok := cluster.Brokers[partition.Leader]
	if !ok {
		return none, fetch.NewError(protocol.NewErrNoLeader(r.topic, int32(r.partition)))
	}
	return leader, nil
}

// Required notes the version that the connection negotiated, and says that the request writes itself.
func (r *fetchRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = min(versions[protocol.Fetch], newestFetch)
	return true
}

// RawExchange writes the request and reads its answer. A connection carries one exchange at a time.
func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < oldestFetch {
		return nil, fmt.Errorf("the broker speaks version %d of Fetch, %d is needed; use Kafka 0.11 or newer", r.version, oldestFetch)
	}
	if _, err := rw.Write(r.encode()); err != nil {
		return nil, err
	}
	body, err := readAnswer(rw)
	if err != nil {
		return nil, err
	}
	return r.decode(body)
}

// correlation is what the broker repeats in its answer.
func (r *fetchRequest) correlation() int32 { return int32(r.partition) }

func (r *fetchRequest) encode() []byte {
	b := make([]byte, 4, 128+len(r.clientID)+len(r.topic))
	b = binary.BigEndian.AppendUint16(b, uint16(protocol.Fetch))
	b = binary.BigEndian.AppendUint16(b, uint16(r.version))
	b = binary.BigEndian.AppendUint32(b, uint32(r.correlation()))
	b = appendText(b, r.clientID)
	b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // replica: a consumer
	b = binary.BigEndian.AppendUint32(b, uint32(r.maxWait.Milliseconds()))
	b = binary.BigEndian.AppendUint32(b, uint32(r.minBytes))
	b = binary.BigEndian.AppendUint32(b, uint32(r.maxBytes))
	b = append(b, 0) // isolation: read uncommitted
	if r.version >= 7 {
		b = binary.BigEndian.AppendUint32(b, 0)          // session: none
		b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // epoch -1: and none wanted
	}
	b = r.appendPartition(b)
	if r.version >= 7 {
		b = binary.BigEndian.AppendUint32(b, 0) // forgotten topics
	}
	if r.version >= 11 {
		b = appendText(b, "") // rack
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// appendPartition appends the list of topics with its one entry.
func (r *fetchRequest) appendPartition(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, 1)
	b = appendText(b, r.topic)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(r.partition))
	if r.version >= 9 {
		b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // leader epoch: unknown
	}
	b = binary.BigEndian.AppendUint64(b, uint64(r.offset))
	if r.version >= 5 {
		b = binary.BigEndian.AppendUint64(b, ^uint64(0)) // log start: for followers
	}
	return binary.BigEndian.AppendUint32(b, uint32(r.maxBytes))
}

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

// readAnswer reads one length-prefixed answer.
func readAnswer(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, lostConnection(err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxAnswerBytes {
		return nil, fmt.Errorf("an answer of %d bytes: the address does not speak Kafka's protocol, or expects TLS", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, lostConnection(err)
	}
	return body, nil
}

// lostConnection names the end of a connection in the middle of an exchange.
func lostConnection(err error) error {
	if err == io.EOF { //nolint:errorlint // io.ReadFull returns it bare
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *fetchRequest) decode(body []byte) (*fetchResponse, error) {
	w := wireReader{b: body}
	if got := w.int32(); got != r.correlation() {
		return nil, fmt.Errorf("the answer is for request %d, not %d: %w", got, r.correlation(), io.ErrUnexpectedEOF)
	}
	res := &fetchResponse{throttle: time.Duration(w.int32()) * time.Millisecond}
	if r.version >= 7 {
		if code := w.int16(); code != 0 {
			res.err = kafka.Error(code)
			return res, nil
		}
		w.int32() // session
	}
	if w.int32() != 1 || w.text() != r.topic || w.int32() != 1 || int(w.int32()) != r.partition {
		return nil, fmt.Errorf("the answer does not mention %s[%d]: %w", r.topic, r.partition, io.ErrUnexpectedEOF)
	}
	r.decodePartition(&w, res)
	if w.bad {
		return nil, fmt.Errorf("the answer ends too early: %w", io.ErrUnexpectedEOF)
	}
	return res, nil
}

func (r *fetchRequest) decodePartition(w *wireReader, res *fetchResponse) {
	if code := w.int16(); code != 0 {
		res.err = kafka.Error(code)
	}
	res.highWatermark = w.int64()
	w.int64() // last stable offset
	if r.version >= 5 {
		w.int64() // log start
	}
	for range max(w.int32(), 0) { // aborted transactions, if asked for
		if w.take(16) == nil {
			return
		}
	}
	if r.version >= 11 {
		w.int32() // preferred replica, if a rack was given
	}
	if n := w.int32(); n > 0 {
		res.records = w.take(int(n))
	}
}

// wireReader reads Kafka's fixed-width fields. Past the end it yields zeros and turns bad.
type wireReader struct {
	b   []byte
	bad bool
}

// take returns the next n bytes, nil if there are fewer.
func (w *wireReader) take(n int) []byte {
	if n < 0 || n > len(w.b) {
		w.b, w.bad = nil, true
		return nil
	}
	b := w.b[:n:n]
	w.b = w.b[n:]
	return b
}

func (w *wireReader) int16() int16 {
	b := w.take(2)
	if b == nil {
		return 0
	}
	return int16(binary.BigEndian.Uint16(b))
}

func (w *wireReader) int32() int32 {
	b := w.take(4)
	if b == nil {
		return 0
	}
	return int32(binary.BigEndian.Uint32(b))
}

func (w *wireReader) int64() int64 {
	b := w.take(8)
	if b == nil {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}

func (w *wireReader) text() string { return string(w.take(int(w.int16()))) }
