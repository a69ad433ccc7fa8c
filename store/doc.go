// Package store keeps what Veltrix knows of one application in etcd, below /veltrix/v1/apps/<app>/:
//
//	settings          the document that clients apply
//	tuner             the tuner's state: the running trial, rule states, what failed
//	journal/<ULID>    {decision, document}: what was changed, why, and the document that came of it
//	hold              an operator's hold
//	instances/<id>    what an instance runs, under its lease
//	leader/<lease>    the election, under the candidate's lease
//
// # What a writer can rely on
//
// [Store.Commit] writes document, state and journal entry in one transaction, fenced by the leader's key and by the
// revisions of what its author read; a hold that came in between is a conflict too. So a crash between two steps loses
// nothing, a leader that isn't one any more writes nothing, and of two writers one is told. Operators write without
// leadership ([Store.SetValues], [Store.Rollback], [Store.SetHold], [Store.Release]), over the newest document and
// never over the tuner's state. A roll-back is a new generation with exactly the settings and topics of a former one.
//
// # What a reader can rely on
//
// [Store.Read] and every list are linearizable reads of one revision. [Store.Watch] goes from list to events to list:
// it resumes by revision, lists again after a compaction, an error, and at least every minute, and drops what is not
// newer than what it has seen. An older generation that somebody stores is reported, not delivered; a deletion is
// delivered, and lets generations begin anew. [Store.Join] and [Store.Campaign] take up their lease again when it is lost.
//
// Whatever can't be read is reported beside the rest: a damaged document, state, hold, report or journal entry keeps
// nothing else from being read.
//
// # Running it
//
// Every write leaves a revision behind, so etcd must compact: --auto-compaction-mode=periodic
// --auto-compaction-retention=10m. The rights that suffice below the prefix, readwrite unless said otherwise:
//
//	client     settings (read), instances/
//	sidecar    settings, tuner, hold, journal/, leader/, instances/ (read)
//	operator   settings, tuner (read), hold, journal/
//
// From commit to watch event, in percentiles, for one watcher and for a thousand:
//
//	go test -run '^$' -bench CommitToWatch -benchtime 300x ./store
//
// [github.com/veltrix/veltrix/store/memory] is the twin without a network; store/storetest is the suite that both pass.
package store
