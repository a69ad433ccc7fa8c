package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/veltrix/veltrix/store/internal/record"
)

// The keys below the application's prefix that hold one value.
const (
	settingsKey = "settings"
	tunerKey    = "tuner"
	holdKey     = "hold"
)

// reachable is where a call would meet the network.
func (s *Store) reachable(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if s.away {
		return fmt.Errorf("%s: %w", what, ErrAway)
	}
	return nil
}

// write is one transaction: everything in it gets one revision, and watchers wake when it is complete.
func (s *Store) write(do func()) {
	s.revision++
	do()
	s.wake()
}

func (s *Store) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Store) put(key string, data []byte) {
	v := s.keys[key]
	if v.created == 0 {
		v.created = s.revision
	}
	v.data, v.modified = slices.Clone(data), s.revision
	s.keys[key] = v
}

// store puts a document and a journal entry, where there are any, and trims the journal.
func (s *Store) store(e record.Encoded) {
	if e.Settings != nil {
		s.put(settingsKey, e.Settings)
	}
	if e.Entry == nil {
		return
	}
	i, _ := s.find(e.EntryID)
	s.journal = slices.Insert(s.journal, i, record.Raw{ID: e.EntryID, Value: slices.Clone(e.Entry)})
	if over := len(s.journal) - s.limit; over > 0 {
		s.journal = slices.Delete(s.journal, 0, over)
	}
}

func (s *Store) journalled(id string) bool {
	_, ok := s.find(id)
	return ok
}

func (s *Store) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.journal, id, func(r record.Raw, id string) int { return strings.Compare(r.ID, id) })
}

// present is what an operator's write starts from.
func (s *Store) present() record.Present {
	p := record.Present{Settings: s.keys[settingsKey].data, Tuner: s.keys[tunerKey].data}
	if n := len(s.journal); n > 0 {
		p.Newest = s.journal[n-1]
	}
	return p
}
