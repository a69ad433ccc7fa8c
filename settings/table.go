package settings

import "sync"

const (
	kib = int64(1) << 10
	mib = int64(1) << 20
	gib = int64(1) << 30
)

// Largest factors of one step by what is moved.
const (
	lingerFactor  = 16 // waiting times span orders of magnitude, and a step too small leaves clients timing out meanwhile
	sizeFactor    = 4  // bytes and counts: memory follows them at once
	timeoutFactor = 2  // a timeout that jumps hides or causes failures
	threadFactor  = 2  // Kafka's DynamicThreadPool refuses more
)

// All returns the one table of settings, in the order in which every list, document and page shows them.
// The caller must not modify it.
//
//nolint:gochecknoglobals // computed once; a constant in all but syntax
var All = sync.OnceValue(table)

//nolint:gochecknoglobals // computed once; a constant in all but syntax
var index = sync.OnceValue(func() map[Name]int {
	byName := make(map[Name]int, len(All()))
	for i, s := range All() {
		byName[s.Name] = i
	}
	return byName
})

func table() []Setting {
	return append(append(producerTable(), consumerTable()...), brokerTable()...)
}

func producerTable() []Setting {
	return []Setting{
		{
			Name: ProducerLingerMs, Kind: Milliseconds, Default: Number(5), Min: 0, Max: 5000, Factor: lingerFactor,
			Class: Latency, Applies: NextBatch, PerTopic: true, Safer: Down,
			Why: "0 sends at once; above 5 s a caller's own deadline has usually passed",
		},
		{
			Name: ProducerBatchSize, Kind: Bytes, Default: Number(256 * kib), Min: kib, Max: 16 * mib, Factor: sizeFactor,
			Class: Latency, Applies: NextBatch, PerTopic: true, Safer: Up,
			Why: "below 1 KiB nearly every record is a request; brokers refuse a batch above their message.max.bytes (1 MiB unless raised, hardly ever above 16 MiB)",
		},
		{
			Name: ProducerBatchMaxRecords, Kind: Count, Default: Number(10000), Min: 1, Max: 100000, Factor: sizeFactor,
			Class: Latency, Applies: NextBatch, PerTopic: true, Safer: Up,
			Why: "1 is a request for each record; 100000 records of 168 bytes fill the largest batch.size; Kafka itself counts bytes only",
		},
		{
			Name: ProducerCompressionType, Kind: Enum, Default: Word("none"), Enum: []string{"none", "gzip", "snappy", "lz4", "zstd"},
			Class: Cost, Applies: NextBatch, PerTopic: true, Safer: Down,
			Why: "the codecs that every broker since 2.1 reads; none costs the client no CPU",
		},
		{
			Name: ProducerAcks, Kind: Enum, Default: Word("all"), Enum: []string{"all", "1"},
			Class: Durability, Applies: NextBatch, Safer: Down,
			Why: "all survives the loss of the leader; 1 may lose what only the leader had; 0 is not a value, because nobody would learn of a lost record",
		},
		{
			Name: ProducerRequestTimeoutMs, Kind: Milliseconds, Default: Number(30000), Min: 100, Max: 300000, Factor: timeoutFactor,
			Class: Timeout, Applies: NextRequest, Safer: Up,
			Why: "below 100 ms a slow broker is asked twice for the same work; above 5 min a dead one is not noticed",
		},
		{
			Name: ProducerDeliveryTimeoutMs, Kind: Milliseconds, Default: Number(120000), Min: 100, Max: 3600000, Factor: timeoutFactor,
			Class: Timeout, Applies: NextRecord, Safer: Up,
			Why: "below 100 ms no request fits; above an hour memory holds records that nobody waits for",
		},
		{
			Name: ProducerRetryBackoffMs, Kind: Milliseconds, Default: Number(100), Min: 1, Max: 60000, Factor: timeoutFactor,
			Class: Timeout, Applies: NextRetry, Safer: Up,
			Why: "0 would hammer a broker that is restarting; above a minute recovery is slower than any election",
		},
		{
			Name: ProducerRetryBackoffMaxMs, Kind: Milliseconds, Default: Number(1000), Min: 1, Max: 60000, Factor: timeoutFactor,
			Class: Timeout, Applies: NextRetry, Safer: Up,
			Why: "the ceiling of the exponential back-off, with the limits of its start",
		},
		{
			Name: ProducerBufferMemory, Kind: Bytes, Default: Number(32 * mib), Min: mib, Max: 4 * gib, Factor: sizeFactor,
			Class: Memory, Applies: AtOnce, Safer: Down,
			Why: "below 1 MiB a few batches fill it; above 4 GiB most processes are killed before it is full, and a full buffer is only an error",
		},
		{
			Name: ProducerMaxBlockMs, Kind: Milliseconds, Default: Number(60000), Min: 0, Max: 600000, Factor: timeoutFactor,
			Class: Timeout, Applies: NextRecord, Safer: Up,
			Why: "0 fails at once when the buffer is full; above 10 min callers hang rather than fail",
		},
	}
}

func consumerTable() []Setting {
	return []Setting{
		{
			Name: ConsumerFetchMinBytes, Kind: Bytes, Default: Number(1), Min: 0, Max: 64 * mib, Factor: sizeFactor,
			Class: Latency, Applies: NextFetch, PerTopic: true, Safer: Down,
			Why: "0 and 1 answer as soon as there is a record; 64 MiB is the most that a partition may return, more would always wait out fetch.max.wait.ms",
		},
		{
			Name: ConsumerFetchMaxWaitMs, Kind: Milliseconds, Default: Number(500), Min: 1, Max: 60000, Factor: lingerFactor,
			Class: Latency, Applies: NextFetch, PerTopic: true, Safer: Down,
			Why: "0 would spin on an empty topic; above a minute a rebalance and a shutdown wait for a fetch",
		},
		{
			Name: ConsumerMaxPartitionFetchBytes, Kind: Bytes, Default: Number(mib), Min: kib, Max: 64 * mib, Factor: sizeFactor,
			Class: Memory, Applies: NextFetch, PerTopic: true, Safer: Down,
			Why: "below 1 KiB nearly every record is a fetch; above 64 MiB times the partitions the consumer's memory is gone",
		},
		{
			Name: ConsumerQueuedMaxRecords, Kind: Count, Default: Number(1000), Min: 1, Max: 1000000, Factor: sizeFactor,
			Class: Memory, Applies: AtOnce, Safer: Down,
			Why: "1 stops fetching ahead; above a million records are stale by the time they are handled, and memory holds them meanwhile",
		},
		{
			Name: ConsumerAutoCommitIntervalMs, Kind: Milliseconds, Default: Number(5000), Min: 0, Max: 600000, Factor: timeoutFactor,
			Class: DurabilityNeutral, Applies: NextCommit, Safer: Down,
			Why: "0 commits after each batch; a longer one repeats more records after a crash and loses none, above 10 min a restart repeats too much",
		},
		{
			Name: ConsumerSessionTimeoutMs, Kind: Milliseconds, Default: Number(45000), Min: 6000, Max: 1800000, Factor: timeoutFactor,
			Class: Group, Applies: Rejoin, Safer: Up,
			Why: "the brokers' defaults of group.min.session.timeout.ms and group.max.session.timeout.ms; they refuse members outside",
		},
		{
			Name: ConsumerHeartbeatIntervalMs, Kind: Milliseconds, Default: Number(3000), Min: 100, Max: 600000, Factor: timeoutFactor,
			Class: Group, Applies: Rejoin, Safer: Down,
			Why: "below 100 ms heartbeats load the coordinator for nothing; 10 min is a third of the longest session timeout",
		},
	}
}

func brokerTable() []Setting {
	return []Setting{
		{
			Name: "broker.num.io.threads", Kind: Count, Min: 1, Max: 256, Factor: threadFactor,
			Class: Broker, Applies: AlterConfig, Safer: Up,
			Why: "0 stops the broker; above 256 threads wait for the same disks; Kafka resizes a pool by at most a factor of 2 at once",
		},
		{
			Name: "broker.num.network.threads", Kind: Count, Min: 1, Max: 256, Factor: threadFactor,
			Class: Broker, Applies: AlterConfig, Safer: Up,
			Why: "0 stops the broker; above 256 threads wait for the same network; Kafka resizes a pool by at most a factor of 2 at once",
		},
		{
			Name: "broker.num.replica.fetchers", Kind: Count, Min: 1, Max: 64, Factor: threadFactor,
			Class: Broker, Applies: AlterConfig, Safer: Up,
			Why: "0 stops replication; each is a thread and a connection to every other broker; Kafka resizes a pool by at most a factor of 2 at once",
		},
	}
}
