package live

import (
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/veltrix/veltrix/settings"
)

// snapshot is what counts at one moment: parsed, immutable, shared by all producers and consumers of a runtime.
// Reading it takes one atomic load and allocates nothing.
type snapshot struct {
	// generation is the applied document's; 0 if the application's own values count.
	generation int64
	// cached says that the document came from a cache file because its source could not be reached.
	cached bool
	// app counts for every topic that topics doesn't name.
	app *topicSettings
	// topics counts for the topics that the document names.
	topics map[string]*topicSettings
	// replaced is closed when a newer snapshot is in place.
	replaced chan struct{}
}

// topicSettings are the values for one topic.
type topicSettings struct {
	values   settings.Values
	producer producerSettings
	consumer consumerSettings
}

// producerSettings are the settings of a producer, parsed. Their meaning is in the table of settings.
type producerSettings struct {
	linger          time.Duration
	batchBytes      int
	batchRecords    int
	compression     kafka.Compression
	acks            kafka.RequiredAcks
	requestTimeout  time.Duration
	deliveryTimeout time.Duration
	backoff         time.Duration
	backoffMax      time.Duration
	bufferMemory    int64
	maxBlock        time.Duration
}

// consumerSettings are the settings of a consumer, parsed. Their meaning is in the table of settings.
type consumerSettings struct {
	fetchMinBytes          int
	fetchMaxWait           time.Duration
	maxPartitionFetchBytes int
	queuedMaxRecords       int
	autoCommitInterval     time.Duration
	sessionTimeout         time.Duration
	heartbeatInterval      time.Duration
}

// forTopic returns what counts for topic.
func (s *snapshot) forTopic(topic string) *topicSettings {
	if t, ok := s.topics[topic]; ok {
		return t
	}
	return s.app
}

// newSnapshot parses the values of a document over base. All of them must have been validated.
func newSnapshot(base settings.Values, d settings.Document, cached bool) *snapshot {
	s := &snapshot{
		generation: d.Generation,
		cached:     cached,
		app:        parse(base.Overlay(clientOnly(d.Settings))),
		topics:     make(map[string]*topicSettings, len(d.Topics)),
		replaced:   make(chan struct{}),
	}
	for topic := range d.Topics {
		s.topics[topic] = parse(base.Overlay(clientOnly(d.For(topic))))
	}
	return s
}

func parse(v settings.Values) *topicSettings {
	return &topicSettings{
		values: v,
		producer: producerSettings{
			linger:          v[settings.ProducerLingerMs].Duration(),
			batchBytes:      int(v[settings.ProducerBatchSize].Int()),
			batchRecords:    int(v[settings.ProducerBatchMaxRecords].Int()),
			compression:     compressionOf(v[settings.ProducerCompressionType].Text()),
			acks:            acksOf(v[settings.ProducerAcks].Text()),
			requestTimeout:  v[settings.ProducerRequestTimeoutMs].Duration(),
			deliveryTimeout: v[settings.ProducerDeliveryTimeoutMs].Duration(),
			backoff:         v[settings.ProducerRetryBackoffMs].Duration(),
			backoffMax:      v[settings.ProducerRetryBackoffMaxMs].Duration(),
			bufferMemory:    v[settings.ProducerBufferMemory].Int(),
			maxBlock:        v[settings.ProducerMaxBlockMs].Duration(),
		},
		consumer: consumerSettings{
			fetchMinBytes:          int(v[settings.ConsumerFetchMinBytes].Int()),
			fetchMaxWait:           v[settings.ConsumerFetchMaxWaitMs].Duration(),
			maxPartitionFetchBytes: int(v[settings.ConsumerMaxPartitionFetchBytes].Int()),
			queuedMaxRecords:       int(v[settings.ConsumerQueuedMaxRecords].Int()),
			autoCommitInterval:     v[settings.ConsumerAutoCommitIntervalMs].Duration(),
			sessionTimeout:         v[settings.ConsumerSessionTimeoutMs].Duration(),
			heartbeatInterval:      v[settings.ConsumerHeartbeatIntervalMs].Duration(),
		},
	}
}

// clientOnly leaves out the settings of brokers, which no client runs.
func clientOnly(v settings.Values) settings.Values {
	out := make(settings.Values, len(v))
	for n, x := range v {
		if s, ok := settings.Lookup(n); !ok || s.Class != settings.Broker {
			out[n] = x
		}
	}
	return out
}

func compressionOf(word string) kafka.Compression {
	switch word {
	case "gzip":
		return kafka.Gzip
	case "snappy":
		return kafka.Snappy
	case "lz4":
		return kafka.Lz4
	case "zstd":
		return kafka.Zstd
	default:
		return 0
	}
}

func acksOf(word string) kafka.RequiredAcks {
	if word == "1" {
		return kafka.RequireOne
	}
	return kafka.RequireAll
}
