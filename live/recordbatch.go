package live

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/segmentio/kafka-go"
)

// The record batch of Kafka's message format 2, which every broker since 0.11 reads:
//
//	baseOffset int64 | batchLength int32 | partitionLeaderEpoch int32 | magic int8 | crc uint32 | attributes int16
//	lastOffsetDelta int32 | baseTimestamp int64 | maxTimestamp int64 | producerId int64 | producerEpoch int16
//	baseSequence int32 | recordsCount int32 | records
//
// The length counts from partitionLeaderEpoch, the checksum covers everything from attributes on, and compression
// covers the records alone.
const (
	batchHeaderSize   = 61
	batchLengthAt     = 8
	batchLengthFrom   = 12
	batchMagicAt      = 16
	batchChecksumAt   = 17
	batchAttributesAt = 21
	batchLastDeltaAt  = 23
	batchBaseTimeAt   = 27
	batchMaxTimeAt    = 35
	batchProducerAt   = 43
	batchEpochAt      = 51
	batchSequenceAt   = 53
	batchCountAt      = 57
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // computed once; a constant in all but syntax

// wireSize returns an upper bound of the record's encoded size for estimates: lengths are taken at their usual width.
func wireSize(r *Record) int {
	const framing = 16 // length, attributes, two deltas, two lengths, header count
	n := framing + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += 6 + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}

// batchEncoder writes record batches into one buffer, which it keeps for the next request.
type batchEncoder struct {
	buf     []byte
	scratch []byte // uncompressed records of one batch
}

// Write appends to the buffer; compressors write through it.
func (b *batchEncoder) Write(p []byte) (int, error) {
	b.buf = append(b.buf, p...)
	return len(p), nil
}

// encode appends the length-prefixed record batch of entries and returns its size without the prefix. Offsets count
// from 0 in the entries' order. Batches that are not numbered have -1 for producer, epoch and sequence.
func (b *batchEncoder) encode(entries *entryList, compression kafka.Compression, numbers numbering) (int, error) {
	if numbers.anonymous() {
		numbers = numbering{identity: identity{id: -1, epoch: -1}, next: -1}
	}
	start := len(b.buf)
	b.buf = append(b.buf, make([]byte, 4+batchHeaderSize)...)
	head := start + 4
	first := entries.head.rec.Time.UnixMilli()
	latest := first
	for e := entries.head; e != nil; e = e.next {
		latest = max(latest, e.rec.Time.UnixMilli())
	}
	if err := b.encodeRecords(entries, first, compression); err != nil {
		return 0, err
	}
	h := b.buf[head:]
	binary.BigEndian.PutUint32(b.buf[start:], uint32(len(h)))
	binary.BigEndian.PutUint32(h[batchLengthAt:], uint32(len(h)-batchLengthFrom))
	binary.BigEndian.PutUint32(h[batchLengthFrom:], 0xffffffff) // the leader's epoch is the broker's to fill in
	h[batchMagicAt] = 2
	binary.BigEndian.PutUint16(h[batchAttributesAt:], uint16(compression))
	binary.BigEndian.PutUint32(h[batchLastDeltaAt:], uint32(entries.n-1))
	binary.BigEndian.PutUint64(h[batchBaseTimeAt:], uint64(first))
	binary.BigEndian.PutUint64(h[batchMaxTimeAt:], uint64(latest))
	binary.BigEndian.PutUint64(h[batchProducerAt:], uint64(numbers.id))
	binary.BigEndian.PutUint16(h[batchEpochAt:], uint16(numbers.epoch))
	binary.BigEndian.PutUint32(h[batchSequenceAt:], uint32(numbers.next))
	binary.BigEndian.PutUint32(h[batchCountAt:], uint32(entries.n))
	binary.BigEndian.PutUint32(h[batchChecksumAt:], crc32.Checksum(h[batchAttributesAt:], castagnoli))
	return len(h), nil
}

// encodeRecords appends the records, compressed if asked for.
func (b *batchEncoder) encodeRecords(entries *entryList, first int64, compression kafka.Compression) error {
	if compression == 0 {
		b.buf = appendRecords(b.buf, entries, first)
		return nil
	}
	b.scratch = appendRecords(b.scratch[:0], entries, first)
	codec := compression.Codec()
	if codec == nil {
		return fmt.Errorf("compress records: codec %d is unknown", compression)
	}
	w := codec.NewWriter(b)
	_, err := w.Write(b.scratch)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("compress records with %s: %w", compression, err)
	}
	return nil
}

func appendRecords(buf []byte, entries *entryList, first int64) []byte {
	delta := int64(0)
	for e := entries.head; e != nil; e = e.next {
		buf = appendRecord(buf, &e.rec, e.rec.Time.UnixMilli()-first, delta)
		delta++
	}
	return buf
}

func appendRecord(buf []byte, r *Record, timeDelta, offsetDelta int64) []byte {
	buf = binary.AppendVarint(buf, int64(recordSize(r, timeDelta, offsetDelta)))
	buf = append(buf, 0) // attributes: none are defined
	buf = binary.AppendVarint(buf, timeDelta)
	buf = binary.AppendVarint(buf, offsetDelta)
	buf = appendBytes(buf, r.Key)
	buf = appendBytes(buf, r.Value)
	buf = binary.AppendVarint(buf, int64(len(r.Headers)))
	for i := range r.Headers {
		buf = binary.AppendVarint(buf, int64(len(r.Headers[i].Key)))
		buf = append(buf, r.Headers[i].Key...)
		buf = appendBytes(buf, r.Headers[i].Value)
	}
	return buf
}

// recordSize returns what appendRecord appends after the length.
func recordSize(r *Record, timeDelta, offsetDelta int64) int {
	n := 1 + varintSize(timeDelta) + varintSize(offsetDelta) + bytesSize(r.Key) + bytesSize(r.Value) + varintSize(int64(len(r.Headers)))
	for i := range r.Headers {
		k := len(r.Headers[i].Key)
		n += varintSize(int64(k)) + k + bytesSize(r.Headers[i].Value)
	}
	return n
}

// appendBytes writes a nullable sequence: nil is length -1.
func appendBytes(buf, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(buf, -1)
	}
	return append(binary.AppendVarint(buf, int64(len(b))), b...)
}

func bytesSize(b []byte) int {
	if b == nil {
		return 1
	}
	return varintSize(int64(len(b))) + len(b)
}

// varintSize returns the bytes of x in zigzag encoding.
func varintSize(x int64) int {
	zigzag := uint64(x<<1) ^ uint64(x>>63)
	return (bits.Len64(zigzag|1) + 6) / 7
}

var _ io.Writer = (*batchEncoder)(nil)
