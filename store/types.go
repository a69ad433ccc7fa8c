package store

import (
	"errors"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// ErrConflict is wrapped by the error of a write whose ground has moved: the document, the tuner's state or the hold
// was written by somebody else after the caller read it. Nothing was written; read again and decide again.
var ErrConflict = errors.New("somebody else wrote in between")

// ErrNotLeader is wrapped by the error of a [Store.Commit] under a term that has ended. Nothing was written, and
// nothing more may be tried under that term.
var ErrNotLeader = errors.New("not the leader any more")

// ErrNotKept is wrapped by the error of a [Store.Rollback] to a generation that the journal doesn't hold.
var ErrNotKept = errors.New("the generation is not in the journal")

// ErrClosed is returned by every call on a closed store.
var ErrClosed = errors.New("the store is closed")

// Snapshot is everything that the next decision stands on, read at one revision: no writer's half-done work is ever
// seen.
type Snapshot struct {
	// Document is what is stored; the zero Document if there is none or it can't be read.
	Document settings.Document
	// DocumentErr says why the stored document can't be read.
	DocumentErr error
	// State is the tuner's; its zero value if there is none or it can't be read.
	State tuner.State
	// StateErr says why the stored state can't be read.
	StateErr error
	// Hold is the operator's hold, nil if there is none. One that can't be read holds everything. It may be over
	// already, see its Until.
	Hold *tuner.Hold
	// SettingsRevision and TunerRevision are the revisions that last wrote the document and the state; 0 if absent.
	SettingsRevision, TunerRevision int64
	// Revision is the revision at which all this was read.
	Revision int64
}

// Term is the proof of leadership that [Store.Campaign] hands out: the election's key and the revision that created it.
type Term struct {
	Key      string
	Revision int64
}

// Change is what one tick writes.
type Change struct {
	// Document is the new document; nil leaves the stored one alone.
	Document *settings.Document
	// State is the tuner's new state, always written. At most 512 KiB once encoded.
	State tuner.State
	// Decision is the journal's entry, nil for none. A new document needs one. Its ID is a ULID.
	Decision *tuner.Decision
	// SettingsRevision and TunerRevision are the snapshot's.
	SettingsRevision, TunerRevision int64
	// Revision is the snapshot's, so that a hold placed since then is a conflict too; 0 doesn't look at the hold.
	Revision int64
}

// Page asks for a part of the journal.
type Page struct {
	// Before is the ID of a decision: only older ones are wanted. Empty begins with the newest.
	Before string
	// Limit is the greatest number of decisions, 1 to 1000; 0 means 50.
	Limit int
}

// Operator is the person behind a write.
type Operator struct {
	// Who is a name or an address; required, at most 200 bytes.
	Who string
	// Why is for the journal; at most 2000 bytes.
	Why string
}

// Reasons of the journal's entries that operators' writes leave. They stand beside the tuner's own.
const (
	ReasonSet        tuner.Reason = "OperatorSet"
	ReasonRolledBack tuner.Reason = "OperatorRolledBack"
	ReasonHeld       tuner.Reason = "OperatorHeld"
	ReasonReleased   tuner.Reason = "OperatorReleased"
)
