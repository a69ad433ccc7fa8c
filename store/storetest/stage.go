package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// soon bounds whatever must happen by itself; far more than it takes, so that a busy machine doesn't fail a test.
const (
	soon = 30 * time.Second
	tick = 5 * time.Millisecond
)

// stage is a harness with one client and what stories share.
type stage struct {
	*testing.T
	Harness
	store Store
}

func newStage(t *testing.T, h Harness) *stage {
	t.Helper()
	return &stage{T: t, Harness: h, store: h.Open(t)}
}

// start runs do in the background until the returned stop is called or the test ends, and checks that it returns nil.
func (s *stage) start(do func(ctx context.Context) error) (stop func()) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(s, err)
		case <-time.After(soon):
			require.Fail(s, "a call goes on after the end of its context")
		}
	})
	s.Cleanup(stop)
	return stop
}

func (s *stage) eventually(condition func() bool, what string) {
	s.Helper()
	require.Eventually(s, condition, soon, tick, what)
}

// lead campaigns as "one" on a client of its own and returns the term as soon as it is elected.
func (s *stage) lead() (term store.Term, stop func()) {
	s.Helper()
	terms := make(chan store.Term, 16)
	client := s.Open(s)
	stop = s.start(func(ctx context.Context) error {
		return client.Campaign(ctx, "one", func(ctx context.Context, t store.Term) error {
			terms <- t
			<-ctx.Done()
			return nil
		})
	})
	select {
	case term = <-terms:
	case <-time.After(soon):
		require.Fail(s, "nobody is elected")
	}
	return term, stop
}

func (s *stage) read() store.Snapshot {
	s.Helper()
	snapshot, err := s.store.Read(s.Context())
	require.NoError(s, err)
	return snapshot
}

// document returns the next generation with that linger, as it comes back from the store.
func (s *stage) document(generation, linger int64) settings.Document {
	return settings.Document{
		Schema: settings.SchemaVersion, App: s.App, Generation: generation,
		Settings: settings.Values{settings.ProducerLingerMs: settings.Number(linger)},
		Reason:   "raised", Time: time.Date(2026, 11, 23, 3, 20, 0, 0, time.UTC),
	}
}

// change is what a leader writes over the snapshot: one more generation with that linger, its state and decision.
func (s *stage) change(over store.Snapshot, linger int64) store.Change {
	d := s.document(over.Document.Generation+1, linger)
	d.Decision = ulid.Make().String()
	return store.Change{
		Document: &d, State: tuner.State{Version: tuner.StateVersion, Generation: d.Generation},
		Decision: &tuner.Decision{
			ID: d.Decision, App: s.App, Time: d.Time, Mode: tuner.ModeEnforce, Reason: tuner.Protected,
			Generation: over.Document.Generation, NextGeneration: d.Generation,
		},
		SettingsRevision: over.SettingsRevision, TunerRevision: over.TunerRevision, Revision: over.Revision,
	}
}

// commit commits the next generation and returns it.
func (s *stage) commit(term store.Term, linger int64) settings.Document {
	s.Helper()
	c := s.change(s.read(), linger)
	require.NoError(s, s.store.Commit(s.Context(), term, c))
	return *c.Document
}

// refused checks that the commit fails with the sentinel and changes nothing.
func (s *stage) refused(term store.Term, c store.Change, sentinel error) {
	s.Helper()
	before := s.read()
	err := s.store.Commit(s.Context(), term, c)
	require.ErrorIs(s, err, sentinel)
	s.untouched(before)
}

// untouched checks that nothing of the snapshot was written since. The revision may grow: others write other keys.
func (s *stage) untouched(before store.Snapshot) {
	s.Helper()
	now := s.read()
	now.Revision = before.Revision
	require.Equal(s, before, now)
}

// anna is an operator.
func anna() store.Operator { return store.Operator{Who: "anna", Why: "a test"} }

// updates collects what a watch delivers.
type updates struct {
	mu   sync.Mutex
	all  []settings.Update
	busy bool
	err  error
}

// watch watches on a client of its own.
func (s *stage) watch() *updates {
	s.Helper()
	seen := &updates{}
	client := s.Open(s)
	s.start(func(ctx context.Context) error { return client.Watch(ctx, seen.add) })
	s.Cleanup(func() { require.NoError(s, seen.err) })
	return seen
}

func (u *updates) add(x settings.Update) {
	u.mu.Lock()
	if u.busy {
		u.err = errors.New("apply is called while it runs")
	}
	u.busy = true
	u.mu.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all, u.busy = append(u.all, x), false
}

// list returns a copy of what has come so far.
func (u *updates) list() []settings.Update {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]settings.Update(nil), u.all...)
}

// last returns the last update; ok is false if there is none.
func (u *updates) last() (last settings.Update, ok bool) {
	all := u.list()
	if len(all) == 0 {
		return settings.Update{}, false
	}
	return all[len(all)-1], true
}

// reaches waits until the last update is a document of that generation.
func (s *stage) reaches(seen *updates, generation int64) {
	s.Helper()
	s.eventually(func() bool {
		last, ok := seen.last()
		return ok && last.Err == nil && last.Document.Generation == generation
	}, "the watch reaches the generation")
}
