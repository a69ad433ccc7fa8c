// Package engine is the treasure hunt as a service: an HTTP API on Kafka.
//
//	HTTP ──▶ hunt.commands ──▶ referee ──▶ hunt.events ──▶ view of every instance ──▶ HTTP
//
// A request becomes a command, keyed by its hunt. The referee, a member of a consumer group, owns the hunts of the
// partitions that it is assigned, decides each command by the pure game (package engine/hunt), and writes one event for it before
// the command's offset is committed. Every instance's view reads all events in the log's order, keeps the hunts' states, and
// answers the requests that wait at its instance. What the view says is the truth: see package engine/hunt on the log's order.
//
// So any instance takes a request for any hunt, and an instance that dies loses nothing: a command that was written is decided
// by the next owner of its partition, and one that was decided but not committed is recognised by its id, because the new
// owner rebuilds its state from hunt.events before it decides anything.
//
// The events are the only place where the hunts are: their topic is made to keep them for ever. So that a rebuild doesn't take
// longer and longer, referees leave snapshots of their partitions' states in a compacted topic, hunt.snapshots; a state is the
// newest snapshot and the events after it. A snapshot is a convenience: one that is missing, damaged, of another version or of
// another log is passed over, and all events are read. See archive.go and keeper.go.
//
// A request whose event isn't back by its deadline is answered with 504; it may still take effect, and repeating it with the
// same Idempotency-Key gets its answer. Overload is answered with 503 and Retry-After, when the producer's buffer is full or
// too many requests wait.
//
// The package is also the reference for embedding the live client: see referee.go and view.go for a consumer and a tail, and
// command.go for the producer.
package engine
