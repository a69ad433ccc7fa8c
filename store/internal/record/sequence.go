package record

import (
	"fmt"

	"github.com/veltrix/veltrix/settings"
)

// State is what a source shows of the document at one revision.
type State struct {
	// Revision is the source's as of which the rest is true.
	Revision int64
	// Created and Modified are the revisions that created the key and last wrote it; 0 if there is no document.
	Created, Modified int64
	Value             []byte
}

// Sequence turns what a source shows, in lists and in events that may come twice, late or not at all, into updates of
// which none is older than the one before. Its zero value, with App set, is ready. It is for one goroutine.
type Sequence struct {
	App string

	// started says that the source itself has answered; a cache file is not the source.
	started bool
	// revision is the newest at which the source was seen, modified that of the state seen last.
	revision, modified int64
	// newest is the newest good document that was delivered since the last absence.
	newest settings.Document
	// refused says that the last update was a complaint.
	refused bool
}

// Cached delivers the document of a cache file, before the source has answered.
func (q *Sequence) Cached(d settings.Document) settings.Update {
	q.newest = d
	return settings.Update{Document: d, Cached: true}
}

// Event takes one event of a watch. One that is not newer than what was seen already tells nothing.
func (q *Sequence) Event(s State) []settings.Update {
	if s.Revision <= q.revision {
		return nil
	}
	return q.Listed(s)
}

// Listed takes the answer to a linearizable read. Revisions of such reads only grow, unless the source was restored
// from a backup or is another one: then it begins anew.
func (q *Sequence) Listed(s State) []settings.Update {
	// A key that was created after the revision seen last was deleted before: that deletion was missed.
	anew := !q.started || s.Revision < q.revision || s.Created > q.revision
	known := q.started && !anew && s.Modified == q.modified
	q.started, q.revision, q.modified = true, s.Revision, s.Modified
	switch {
	case known:
		return nil
	case s.Modified == 0:
		return q.gone()
	}
	d, err := DecodeDocument(q.App, s.Value)
	if err != nil {
		return q.refuse(err)
	}
	var updates []settings.Update
	if anew && q.newest.Generation > 0 && !follows(q.newest, d) {
		// The former document is gone, and a receiver may only go back by way of having none.
		updates = q.gone()
	}
	return append(updates, q.document(d, anew)...)
}

// document delivers d, unless it is the present one already or would lead backwards.
func (q *Sequence) document(d settings.Document, anew bool) []settings.Update {
	switch {
	case d.Generation < q.newest.Generation:
		return q.refuse(fmt.Errorf("generation %d was stored after generation %d: an older document is restored by a roll-back, which gives it a new generation",
			d.Generation, q.newest.Generation))
	case d.Generation == q.newest.Generation && !d.SameValues(q.newest):
		return q.refuse(fmt.Errorf("generation %d was stored a second time with other values: a change needs generation %d", d.Generation, d.Generation+1))
	case d.Generation == q.newest.Generation && !anew && !q.refused:
		return nil
	}
	q.newest, q.refused = d, false
	return []settings.Update{{Document: d}}
}

func (q *Sequence) gone() []settings.Update {
	q.newest, q.refused = settings.Document{}, false
	return []settings.Update{{}}
}

func (q *Sequence) refuse(err error) []settings.Update {
	q.refused = true
	return []settings.Update{{Err: err}}
}

// follows says whether d may come directly after the document before.
func follows(before, d settings.Document) bool {
	return d.Generation > before.Generation || d.Generation == before.Generation && d.SameValues(before)
}
