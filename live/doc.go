// Package live is a Kafka producer and consumer whose settings change while they run.
//
// A [Runtime] holds the settings in use: the application's own values under what a document of a settings source
// (etcd, in production) says. It validates each document against the table of settings, the application's bounds and
// its [Floor], swaps one immutable snapshot, and reports what is in effect. A document that is refused changes
// nothing. Without a source the application's own values count, and nothing else changes.
//
// A [Producer] gathers records per partition and sends them in batches through kafka-go's transport. It reads the
// snapshot each time a batch leaves, so that a new linger, batch size or compression counts for the next batch,
// without a restart and without a second producer that could overtake the first. It keeps one batch of a partition
// in flight, so that the order of a key holds through retries, leader moves and every change of settings. What
// several partitions of one broker have to send travels in one request.
//
// A [Consumer] is a member of a consumer group with its own fetch loops, which read the snapshot at every fetch: fetch
// settings change without a rebalance. A [Tail] reads all partitions of a topic without a group.
//
// # What is promised
//
//   - A record is reported exactly once: by Produce's return, or by one call of its callback.
//   - What was acknowledged is in the log once, in the order in which it was handed over, partition by partition.
//   - Memory is bounded by buffer.memory; beyond it a caller waits, in turn, for up to max.block.ms, and is then told
//     [ErrBufferFull]. Nothing is dropped silently.
//   - A record is acknowledged or failed within delivery.timeout.ms of its acceptance.
//   - No goroutine outlives Close.
//
// # What a retry can do
//
// Every partition's batches are numbered under a producer id, so that a broker recognises a batch that comes again
// because its answer was lost. A record that failed with [ErrDeliveryTimeout], or was given up by Close, may have been
// written all the same; an application that then produces it anew doubles it, since to the broker it is another record.
// So does what a batch still held when one of its records failed while the batch was on its way: it goes under a new
// producer id. Brokers recognise a batch only as long as they remember the producer id, and with acks=1 a new leader may
// not know it. Where brokers give the client no id (it must be allowed IdempotentWrite before Kafka 3.0), and with
// DisableIdempotence, a lost answer doubles the batch.
//
// A record that failed with [ErrBufferFull], [ErrRecordTooLarge] or [ErrClosed] on the way in was not written.
//
// # Errors
//
// Errors wrap kafka-go's, so that errors.Is finds Kafka's error codes, for example kafka.NotEnoughReplicas.
//
// # From kafka-go
//
// docs/kafka-go.md has a table from the fields of kafka-go's Writer and Reader to what is here.
package live
