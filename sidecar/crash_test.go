package sidecar_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/store/memory"
)

// leaseTTL is how long a process that is gone, or stopped, stays leader.
const leaseTTL = 10 * time.Second

// mortal is a store seen by a process that something happens to at one of its calls. It counts calls from 1.
type mortal struct {
	*memory.Store
	at     int
	happen fate

	mu    sync.Mutex
	calls int
	dead  bool
}

// fate is what happens at a call.
type fate string

const (
	nothing   fate = "nothing"
	before    fate = "killed before the call reaches etcd"
	after     fate = "killed before the answer is read"
	suspended fate = "stopped for a minute in the call"
)

var errDead = errors.New("this process is dead")

// call lets do happen, or not.
func (m *mortal) call(do func() error) error {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return errDead
	}
	m.calls++
	now := m.calls == m.at
	if now && m.happen != suspended {
		m.dead = true
	}
	m.mu.Unlock()
	switch {
	case now && m.happen == before:
		return errDead
	case now && m.happen == after:
		return errors.Join(do(), errDead)
	case now && m.happen == suspended:
		time.AfterFunc(leaseTTL, m.ExpireLeader)
		time.Sleep(time.Minute)
	}
	return do()
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

func (m *mortal) Read(ctx context.Context) (s store.Snapshot, err error) {
	err = m.call(func() (err error) { s, err = m.Store.Read(ctx); return err })
	return s, err
}

func (m *mortal) Instances(ctx context.Context) (r []settings.Report, err error) {
	err = m.call(func() (err error) { r, err = m.Store.Instances(ctx); return err })
	return r, err
}

func (m *mortal) Commit(ctx context.Context, term store.Term, c store.Change) error {
	return m.call(func() error { return m.Store.Commit(ctx, term, c) })
}

// Campaign keeps the place of a process that is dead until its lease is over: nobody resigns for it.
func (m *mortal) Campaign(ctx context.Context, id string, lead func(context.Context, store.Term) error) error {
	return m.Store.Campaign(ctx, id, func(ctx context.Context, term store.Term) error {
		err := lead(ctx, term)
		if m.isDead() {
			time.Sleep(leaseTTL)
		}
		return err
	})
}

// history is what two sidecars leave behind within three minutes, one of which has a fate at one of its calls.
func history(t *testing.T, at int, happen fate) (left string, calls int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		m := &mortal{Store: b.store, at: at, happen: happen}
		stopOne := b.start(b.sidecar("one", func(o *sidecar.Options) { o.Store = m }))
		time.Sleep(time.Second)
		stopTwo := b.start(b.sidecar("two", nil))
		for range 180 {
			time.Sleep(time.Second)
			if m.isDead() {
				stopOne() // what is left of the process ends; its calls reach nothing
			}
		}
		stopOne()
		stopTwo()
		calls = m.calls
		left = leftBehind(t, b.store)
	})
	return left, calls
}

// leftBehind says what is in the store, without times and identifiers.
func leftBehind(t *testing.T, s *memory.Store) string {
	t.Helper()
	snapshot, err := s.Read(t.Context())
	require.NoError(t, err)
	text := fmt.Sprintf("generation %d %v, trial %v\n", snapshot.Document.Generation, snapshot.Document.Settings, snapshot.State.Trial)
	journal, err := s.Journal(t.Context(), store.Page{})
	require.NoError(t, err)
	for _, d := range journal {
		text += fmt.Sprintf("%d → %d %s by %s %v\n", d.Generation, d.NextGeneration, d.Reason, d.Rule, d.Steps)
	}
	return text
}

// A sidecar is killed, or stopped and woken up, at each of its calls to the store in turn. Another goes on, and in the end
// documents and journal are those of a run in which nothing happened.
func TestWhereverASidecarIsKilledTheStoryIsTheSame(t *testing.T) {
	want, calls := history(t, 0, nothing)
	require.Contains(t, want, "0 → 1 Protected by TooSlow [producer.linger.ms 1000 → 63]")
	require.Greater(t, calls, 50)
	for _, happen := range []fate{before, after, suspended} {
		for at := 1; at <= min(calls, 40); at++ { // the trial is over by then
			if happen == suspended && at%3 != 0 {
				continue // its calls within a tick differ little
			}
			got, _ := history(t, at, happen)
			require.Equal(t, want, got, "%s, at call %d", happen, at)
		}
	}
}
