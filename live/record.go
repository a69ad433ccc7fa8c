package live

import "time"

// Record is one record of a topic, to be produced or as it was consumed. The producer keeps Key, Value and Headers
// until the record is reported; the caller must not modify them before.
type Record struct {
	// Topic is the topic's name; required to produce.
	Topic string
	// Key decides the partition: records with equal keys share one and keep their order. A nil Key means none: the
	// producer chooses. An empty Key that is not nil is a key like any other.
	Key []byte
	// Value is the payload. A nil Value is a tombstone in a compacted topic.
	Value []byte
	// Headers travel with the record.
	Headers []Header
	// Time is the record's timestamp, in milliseconds on the wire. A producer fills in the time of acceptance if it
	// is zero.
	Time time.Time
	// Partition is filled in on acknowledgement and on consumption. It is ignored on the way in.
	Partition int
	// Offset is the position in the partition, filled in on acknowledgement and on consumption.
	Offset int64
}

// Header is a named value that travels with a record.
type Header struct {
	Key   string
	Value []byte
}

// size returns the bytes of the parts that the caller brings along.
func (r *Record) size() int {
	n := len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}
