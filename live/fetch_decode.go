package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// legacyHeader is what a message of the formats 0 and 1 has at least; its magic is where a batch has it, too.
	legacyHeader = 17
	// maxPrealloc bounds what a batch's own count of records may make us allocate before they were seen.
	maxPrealloc = 1 << 16

	compressionMask = 0x07
	logAppendTime   = 0x08
	controlBatch    = 0x20
)

// errCorrupt is wrapped by every complaint about the bytes of a batch.
var errCorrupt = fmt.Errorf("the batch is damaged: %w", kafka.InvalidMessage)

// chunk is what one fetch brought.
type chunk struct {
	// records are in the order of their offsets. They share memory with each other.
	records []Record
	// next is the offset to go on from. It lies behind what compaction or a transaction left without records, too.
	next int64
	// bytes is the memory that the records hold.
	bytes         int
	highWatermark int64
}

// decodeChunk decodes the batches of set, from offset position on. Keys and values point into set, or into what its
// batches were decompressed to. An error after the first good batch is kept for the next fetch, which will begin
// there.
func decodeChunk(set []byte, topic string, partition int, position int64) (chunk, error) {
	c := chunk{next: position, bytes: len(set)}
	sent := len(set)
	for len(set) >= legacyHeader {
		base := int64(binary.BigEndian.Uint64(set))
		length := int64(int32(binary.BigEndian.Uint32(set[batchLengthAt:])))
		size := batchLengthFrom + length
		if size > int64(len(set)) {
			break // The broker cut it off; it comes whole with the next fetch.
		}
		if size < legacyHeader {
			return c.orError(fmt.Errorf("%w: a length of %d", errCorrupt, length), topic, partition, base)
		}
		if err := c.add(set[:size], base, topic, partition, position); err != nil {
			return c.orError(err, topic, partition, base)
		}
		set = set[size:]
	}
	if sent > 0 && c.next == position {
		return c, fmt.Errorf("read %s[%d] from offset %d: the broker sent %d bytes, and no whole batch that reaches there; raise consumer.max.partition.fetch.bytes above the largest batch", topic, partition, position, sent)
	}
	return c, nil
}

// orError returns what is good so far, or err if that is nothing.
func (c *chunk) orError(err error, topic string, partition int, base int64) (chunk, error) {
	if len(c.records) > 0 {
		return *c, nil
	}
	return *c, fmt.Errorf("decode the batch at offset %d of %s[%d]: %w", base, topic, partition, err)
}

// add adds the records of one whole batch from position on.
func (c *chunk) add(b []byte, base int64, topic string, partition int, position int64) error {
	if b[batchMagicAt] < 2 {
		return c.addLegacy(b, base, topic, partition, position)
	}
	if b[batchMagicAt] != 2 || len(b) < batchHeaderSize {
		return fmt.Errorf("%w: format %d in %d bytes", errCorrupt, b[batchMagicAt], len(b))
	}
	next := base + int64(int32(binary.BigEndian.Uint32(b[batchLastDeltaAt:]))) + 1
	attributes := binary.BigEndian.Uint16(b[batchAttributesAt:])
	if next <= position || attributes&controlBatch != 0 {
		c.next = max(c.next, next)
		return nil
	}
	if crc32.Checksum(b[batchAttributesAt:], castagnoli) != binary.BigEndian.Uint32(b[batchChecksumAt:]) {
		return fmt.Errorf("%w: its checksum does not fit", errCorrupt)
	}
	payload, err := inflate(b[batchHeaderSize:], kafka.Compression(attributes&compressionMask))
	if err != nil {
		return err
	}
	if attributes&compressionMask != 0 {
		c.bytes += len(payload)
	}
	r := recordReader{b: payload, topic: topic, partition: partition, base: base, first: int64(binary.BigEndian.Uint64(b[batchBaseTimeAt:]))}
	if attributes&logAppendTime != 0 {
		r.appended = int64(binary.BigEndian.Uint64(b[batchMaxTimeAt:]))
	}
	if err := c.read(&r, int(int32(binary.BigEndian.Uint32(b[batchCountAt:]))), position); err != nil {
		return err
	}
	c.next = max(c.next, next)
	return nil
}

// read adds n records, or none.
func (c *chunk) read(r *recordReader, n int, position int64) error {
	had := len(c.records)
	if c.records == nil {
		c.records = make([]Record, 0, max(0, min(n, maxPrealloc)))
	}
	for range n {
		last := len(c.records)
		c.records = append(c.records, Record{})
		if !r.record(&c.records[last]) {
			clear(c.records[had:])
			c.records = c.records[:had]
			return fmt.Errorf("%w: it has fewer than its %d records", errCorrupt, n)
		}
		if c.records[last].Offset < position {
			c.records = c.records[:last]
		}
	}
	return nil
}

// inflate returns b without its compression.
func inflate(b []byte, compression kafka.Compression) ([]byte, error) {
	if compression == 0 {
		return b, nil
	}
	codec := compression.Codec()
	if codec == nil {
		return nil, fmt.Errorf("%w: compression %d is unknown", errCorrupt, compression)
	}
	r := codec.NewReader(bytes.NewReader(b))
	defer func() { _ = r.Close() }()
	out := bytes.NewBuffer(make([]byte, 0, 4*len(b)+bytes.MinRead))
	if _, err := out.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("%w: decompress %s: %w", errCorrupt, compression, err)
	}
	return out.Bytes(), nil
}

// addLegacy adds the messages of format 0 or 1, as brokers before 0.11 wrote them. kafka-go decodes them; speed does
// not matter here.
func (c *chunk) addLegacy(b []byte, base int64, topic string, partition int, position int64) error {
	size := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
	var set protocol.RecordSet
	if _, err := set.ReadFrom(io.MultiReader(bytes.NewReader(size), bytes.NewReader(b))); err != nil {
		return fmt.Errorf("%w: %w", errCorrupt, err)
	}
	for set.Records != nil {
		m, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errCorrupt, err)
		}
		key, keyErr := protocol.ReadAll(m.Key)
		value, valueErr := protocol.ReadAll(m.Value)
		if err := errors.Join(keyErr, valueErr); err != nil {
			return fmt.Errorf("%w: %w", errCorrupt, err)
		}
		if m.Offset >= position {
			c.records = append(c.records, Record{Topic: topic, Partition: partition, Offset: m.Offset, Time: m.Time, Key: key, Value: value})
		}
	}
	c.next = max(c.next, base+1) // The outer message of a compressed set has the last inner one's offset.
	return nil
}

// recordReader reads the records of one batch.
type recordReader struct {
	b         []byte
	topic     string
	partition int
	base      int64
	first     int64 // timestamp that the records' are relative to
	appended  int64 // timestamp of all records, if the broker sets it
}

// record reads one record; it returns false if the bytes do not hold one.
func (r *recordReader) record(rec *Record) bool {
	length, ok := r.varint()
	if !ok || length < 1 || length > int64(len(r.b)) {
		return false
	}
	rest := r.b[length:]
	r.b = r.b[1:length:length] // without the attributes, which nobody uses
	timeDelta, ok1 := r.varint()
	offsetDelta, ok2 := r.varint()
	key, ok3 := r.bytes()
	value, ok4 := r.bytes()
	headers, ok5 := r.headers()
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return false
	}
	r.b = rest
	*rec = Record{
		Topic: r.topic, Partition: r.partition, Offset: r.base + offsetDelta,
		Key: key, Value: value, Headers: headers, Time: time.UnixMilli(r.first + timeDelta),
	}
	if r.appended > 0 {
		rec.Time = time.UnixMilli(r.appended)
	}
	return true
}

func (r *recordReader) headers() ([]Header, bool) {
	n, ok := r.varint()
	if !ok || n < 0 || n > int64(len(r.b)) {
		return nil, false
	}
	if n == 0 {
		return nil, true
	}
	headers := make([]Header, n)
	for i := range headers {
		key, ok1 := r.bytes()
		value, ok2 := r.bytes()
		if !ok1 || !ok2 {
			return nil, false
		}
		headers[i] = Header{Key: string(key), Value: value}
	}
	return headers, true
}

// bytes reads a length and as many bytes; the length -1 is nil.
func (r *recordReader) bytes() ([]byte, bool) {
	n, ok := r.varint()
	switch {
	case !ok || n > int64(len(r.b)):
		return nil, false
	case n < 0:
		return nil, true
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b, true
}

func (r *recordReader) varint() (int64, bool) {
	if len(r.b) > 0 && r.b[0] < 0x80 { // Most are a single byte.
		v := int64(r.b[0]>>1) ^ -int64(r.b[0]&1)
		r.b = r.b[1:]
		return v, true
	}
	v, n := binary.Varint(r.b)
	if n <= 0 {
		return 0, false
	}
	r.b = r.b[n:]
	return v, true
}
