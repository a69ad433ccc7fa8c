package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/store/internal/record"
	"github.com/veltrix/veltrix/tuner"
)

// ErrAway is wrapped by the error of every call while [Store.SetAway] is in force.
var ErrAway = errors.New("the store is away")

// defaultJournalLimit is the one of the store on etcd.
const defaultJournalLimit = 10000

// Options say what a store in memory holds.
type Options struct {
	// App is the application's name.
	App string
	// JournalLimit is the number of journal entries that are kept; 0 means 10000.
	JournalLimit int
}

// Store holds one application in memory. Everybody who shares it shares the data, as clients of one etcd do. All
// methods are safe for concurrent use.
type Store struct {
	app   string
	limit int

	mu       sync.Mutex // guards everything below
	revision int64
	keys     map[string]value
	journal  []record.Raw // oldest first
	// changed is closed and replaced whenever something was written.
	changed    chan struct{}
	away       bool
	members    map[string]*member
	candidates []*candidate // the first one leads
}

// value is what is stored under one key.
type value struct {
	data              []byte
	created, modified int64
}

// New returns an empty store of one application.
func New(o Options) *Store {
	if o.JournalLimit == 0 {
		o.JournalLimit = defaultJournalLimit
	}
	return &Store{
		app: o.App, limit: o.JournalLimit, revision: 1,
		keys: make(map[string]value), changed: make(chan struct{}), members: make(map[string]*member),
	}
}

// Close does nothing; it is there because the store on etcd has one.
func (s *Store) Close() error { return nil }

// Read returns everything that a decision stands on.
func (s *Store) Read(ctx context.Context) (store.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reachable(ctx, "read settings, tuner and hold"); err != nil {
		return store.Snapshot{}, err
	}
	document, tunerState := s.keys[settingsKey], s.keys[tunerKey]
	snapshot := store.Snapshot{
		SettingsRevision: document.modified, TunerRevision: tunerState.modified, Revision: s.revision,
		Hold: record.DecodeHold(s.keys[holdKey].data),
	}
	snapshot.Document, snapshot.DocumentErr = record.DecodeDocument(s.app, document.data)
	snapshot.State, snapshot.StateErr = record.DecodeState(tunerState.data)
	return snapshot, nil
}

// Commit writes one tick's change, under the term and over the revisions that its author read.
func (s *Store) Commit(ctx context.Context, term store.Term, c store.Change) error {
	encoded, err := record.Change{App: s.app, Document: c.Document, State: c.State, Decision: c.Decision}.Encode()
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reachable(ctx, "commit"); err != nil {
		return err
	}
	if err := s.fence(term, c); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if encoded.Entry != nil && s.journalled(encoded.EntryID) {
		return fmt.Errorf("commit: decision %s is in the journal already: %w", encoded.EntryID, store.ErrConflict)
	}
	s.write(func() {
		s.put(tunerKey, encoded.Tuner)
		s.store(encoded)
	})
	return nil
}

// fence says why the change may not be written, if it may not.
func (s *Store) fence(term store.Term, c store.Change) error {
	if term.Revision <= 0 || len(s.candidates) == 0 || s.candidates[0].term != term {
		return fmt.Errorf("term %s of revision %d has ended: %w", term.Key, term.Revision, store.ErrNotLeader)
	}
	for _, k := range []struct {
		key      string
		expected int64
	}{{settingsKey, c.SettingsRevision}, {tunerKey, c.TunerRevision}} {
		if now := s.keys[k.key].modified; now != k.expected {
			return fmt.Errorf("%s is at revision %d, was read at %d: %w", k.key, now, k.expected, store.ErrConflict)
		}
	}
	if now := s.keys[holdKey].modified; c.Revision > 0 && now > c.Revision {
		return fmt.Errorf("a hold was placed at revision %d, was read at %d: %w", now, c.Revision, store.ErrConflict)
	}
	return nil
}

// Journal returns a page of decisions, newest first.
func (s *Store) Journal(ctx context.Context, p store.Page) ([]tuner.Decision, error) {
	return s.reader(ctx, "read the journal").Decisions(p.Before, p.Limit)
}

// History returns the newest limit documents that the journal holds, newest first; 0 means 50.
func (s *Store) History(ctx context.Context, limit int) ([]settings.Document, error) {
	return s.reader(ctx, "read the history").Documents(limit)
}

func (s *Store) reader(ctx context.Context, what string) record.Journal {
	return record.Journal{App: s.app, Page: func(before string, limit int) ([]record.Raw, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := s.reachable(ctx, what); err != nil {
			return nil, err
		}
		var page []record.Raw
		for i := len(s.journal) - 1; i >= 0 && len(page) < limit; i-- {
			if before == "" || s.journal[i].ID < before {
				page = append(page, s.journal[i])
			}
		}
		return page, nil
	}}
}
