package record

import (
	"fmt"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Limits of one page of the journal.
const (
	defaultPage = 50
	maxPage     = 1000
	// walkPage is how many entries are read at a time while documents are looked for: 200 entries are rarely a MiB.
	walkPage = 200
)

// Raw is one stored entry.
type Raw struct {
	ID    string
	Value []byte
}

// Journal reads a journal of the application App through Page, which returns at most limit entries older than before
// (the newest if before is empty), newest first.
type Journal struct {
	App  string
	Page func(before string, limit int) ([]Raw, error)
}

// Decisions returns one page, newest first. An entry that can't be read is there with its ID and says so.
func (j Journal) Decisions(before string, limit int) ([]tuner.Decision, error) {
	switch {
	case limit == 0:
		limit = defaultPage
	case limit < 0 || limit > maxPage:
		return nil, fmt.Errorf("a page of %d entries is asked for: use 1 to %d", limit, maxPage)
	}
	raws, err := j.Page(before, limit)
	if err != nil {
		return nil, err
	}
	decisions := make([]tuner.Decision, 0, len(raws))
	for _, r := range raws {
		e, err := DecodeEntry(r.Value)
		if err != nil {
			e.Decision = tuner.Decision{ID: r.ID, App: j.App, Detail: "this entry can't be read: " + err.Error()}
		}
		decisions = append(decisions, e.Decision)
	}
	return decisions, nil
}

// Documents returns the newest limit documents, one of each generation, newest first. Entries that can't be read are
// passed over; so are documents that this build refuses.
func (j Journal) Documents(limit int) ([]settings.Document, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	seen := make(map[int64]bool, limit)
	documents := make([]settings.Document, 0, limit)
	err := j.walk(func(e Entry) bool {
		d, ok, err := e.former(j.App)
		if ok && err == nil && !seen[d.Generation] {
			seen[d.Generation] = true
			documents = append(documents, d)
		}
		return len(documents) < limit
	})
	return documents, err
}

// Find returns the newest document of that generation; ok is false if the journal has none. A document that is there
// and refused is an error.
func (j Journal) Find(generation int64) (found settings.Document, ok bool, err error) {
	var refused error
	err = j.walk(func(e Entry) bool {
		if generationOf(e.Document) != generation {
			return true
		}
		found, ok, refused = e.former(j.App)
		return false
	})
	if err == nil {
		err = refused
	}
	return found, ok, err
}

// walk visits the readable entries, newest first, until visit returns false.
func (j Journal) walk(visit func(Entry) bool) error {
	for before := ""; ; {
		raws, err := j.Page(before, walkPage)
		if err != nil {
			return err
		}
		for _, r := range raws {
			if e, err := DecodeEntry(r.Value); err == nil && !visit(e) {
				return nil
			}
			before = r.ID
		}
		if len(raws) < walkPage {
			return nil
		}
	}
}
