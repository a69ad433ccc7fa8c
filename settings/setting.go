package settings

import "slices"

// Name is a setting's name: Kafka's own name with the client in front, for example "producer.linger.ms".
type Name string

// The settings that the code of other packages asks for by name. The names' meaning is in [All]; a setting that
// only rules and operators name needs no constant.
const (
	ProducerLingerMs          Name = "producer.linger.ms"
	ProducerBatchSize         Name = "producer.batch.size"
	ProducerBatchMaxRecords   Name = "producer.batch.max.records"
	ProducerCompressionType   Name = "producer.compression.type"
	ProducerAcks              Name = "producer.acks"
	ProducerRequestTimeoutMs  Name = "producer.request.timeout.ms"
	ProducerDeliveryTimeoutMs Name = "producer.delivery.timeout.ms"
	ProducerRetryBackoffMs    Name = "producer.retry.backoff.ms"
	ProducerRetryBackoffMaxMs Name = "producer.retry.backoff.max.ms"
	ProducerBufferMemory      Name = "producer.buffer.memory"
	ProducerMaxBlockMs        Name = "producer.max.block.ms"

	ConsumerFetchMinBytes          Name = "consumer.fetch.min.bytes"
	ConsumerFetchMaxWaitMs         Name = "consumer.fetch.max.wait.ms"
	ConsumerMaxPartitionFetchBytes Name = "consumer.max.partition.fetch.bytes"
	ConsumerQueuedMaxRecords       Name = "consumer.queued.max.records"
	ConsumerAutoCommitIntervalMs   Name = "consumer.auto.commit.interval.ms"
	ConsumerSessionTimeoutMs       Name = "consumer.session.timeout.ms"
	ConsumerHeartbeatIntervalMs    Name = "consumer.heartbeat.interval.ms"
)

// Kind is what a setting's value is made of.
type Kind string

// The kinds of a setting.
const (
	Milliseconds Kind = "milliseconds"
	Bytes        Kind = "bytes"
	Count        Kind = "count"
	Enum         Kind = "enum"
)

// Class says what a setting trades. The tuner treats classes differently: a [Durability] setting is never loosened
// by a rule or by the tuner, only by an operator, by name.
type Class string

// The classes of a setting.
const (
	Latency           Class = "latency"
	Cost              Class = "cost"
	Durability        Class = "durability"
	Timeout           Class = "timeout"
	Memory            Class = "memory"
	DurabilityNeutral Class = "durability-neutral"
	Group             Class = "group"
	Broker            Class = "broker"
)

// Applies says when a client uses a new value.
type Applies string

// When a new value is used.
const (
	NextBatch   Applies = "next batch"
	NextRequest Applies = "next request"
	NextRecord  Applies = "next record"
	NextRetry   Applies = "next retry"
	AtOnce      Applies = "at once"
	NextFetch   Applies = "next fetch"
	NextCommit  Applies = "next commit"
	Rejoin      Applies = "rejoin, one member after the other"
	AlterConfig Applies = "IncrementalAlterConfigs"
)

// Direction is a way in which a value can move.
type Direction int

// The directions: for an enum, up is towards the end of its list of values.
const (
	Down Direction = -1
	Up   Direction = 1
)

// String returns "up" or "down".
func (d Direction) String() string {
	if d == Down {
		return "down"
	}
	return "up"
}

// Setting is one row of [All].
type Setting struct {
	// Name is unique in the table.
	Name Name
	// Kind decides the unit of Default, Min and Max and the type in JSON: an integer, or a string for Enum.
	Kind Kind
	// Default is the client's own value where the application sets none. The zero Value where only the broker knows it.
	Default Value
	// Min and Max are the hard bounds, both allowed. Unused for Enum.
	Min, Max int64
	// Enum lists the values of an Enum; a step is one notch in this order. For a [Durability] setting the strongest comes first.
	Enum []string
	// Factor is the largest factor of one step, upwards or downwards. Unused for Enum, whose step is one notch.
	Factor float64
	// Class says what the setting trades.
	Class Class
	// Applies says when a client uses a new value.
	Applies Applies
	// PerTopic says whether a Document may set it for one topic.
	PerTopic bool
	// Safer is the direction that endangers the application less; it settles conflicts between rules of equal authority.
	// More requests endanger a broker that is short of capacity, longer waits endanger a deadline, more memory endangers
	// the process: where they contradict each other, what fails for the caller alone is safer than what fails for all.
	Safer Direction
	// Why gives the reason for the bounds in one line.
	Why string
}

// Lookup returns the row of the setting called name.
func Lookup(name Name) (Setting, bool) {
	i, ok := index()[name]
	if !ok {
		return Setting{}, false
	}
	return All()[i], true
}

// Notch returns the position of an enum's value in the setting's list, or -1.
func (s Setting) Notch(v Value) int { return slices.Index(s.Enum, v.text) }

// Loosens says whether moving a durability setting from one value to another weakens it.
// It is false for settings of every other class.
func (s Setting) Loosens(from, to Value) bool {
	return s.Class == Durability && s.Notch(to) > s.Notch(from)
}
