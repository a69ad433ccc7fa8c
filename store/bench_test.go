package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// BenchmarkCommitToWatch measures from the call of Commit to the call of apply in every watcher, over etcd inside this
// process, which makes every write durable. Connections are shared by 20 watchers at most.
func BenchmarkCommitToWatch(b *testing.B) {
	for _, watchers := range []int{1, 1000} {
		b.Run(fmt.Sprintf("watchers=%d", watchers), func(b *testing.B) { commitToWatch(b, watchers) })
	}
}

// spread is a commit and when each watcher saw it.
type spread struct {
	mu      sync.Mutex
	started time.Time
	left    sync.WaitGroup
	took    []time.Duration
}

func (s *spread) seen(settings.Update) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started.IsZero() {
		s.took = append(s.took, now.Sub(s.started))
	}
	s.left.Done()
}

func commitToWatch(b *testing.B, watchers int) {
	server := etcdtest.StartWith(b, etcdtest.Options{Fsync: true})
	o := options("hunt", server.Direct()...)
	leader := open(b, o)
	var s spread
	s.left.Add(watchers)
	const perClient = 20
	var client *store.Store
	for i := range watchers {
		if i%perClient == 0 {
			client = open(b, o)
		}
		watchInBackground(b, client, s.seen)
	}
	s.left.Wait()
	err := leader.Campaign(b.Context(), "bench", func(ctx context.Context, term store.Term) error {
		for b.Loop() {
			s.left.Add(watchers)
			commitNext(ctx, b, leader, term, &s)
			s.left.Wait()
		}
		return nil
	})
	require.NoError(b, err)
	slices.Sort(s.took)
	for _, p := range []struct {
		name string
		part float64
	}{{"p50-ms", 0.5}, {"p99-ms", 0.99}, {"max-ms", 1}} {
		at := min(int(float64(len(s.took))*p.part), len(s.took)-1)
		b.ReportMetric(float64(s.took[at])/float64(time.Millisecond), p.name)
	}
}

func watchInBackground(b *testing.B, s *store.Store, apply func(settings.Update)) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, apply) }()
	b.Cleanup(func() {
		cancel()
		require.NoError(b, <-done)
	})
}

// commitNext writes the next generation; the clock starts when everything is read.
func commitNext(ctx context.Context, b *testing.B, leader *store.Store, term store.Term, s *spread) {
	b.Helper()
	snapshot, err := leader.Read(ctx)
	require.NoError(b, err)
	generation := snapshot.Document.Generation + 1
	id := ulid.Make().String()
	change := store.Change{
		Document: &settings.Document{
			Schema: settings.SchemaVersion, App: "hunt", Generation: generation, Decision: id,
			Settings: settings.Values{settings.ProducerLingerMs: settings.Number(generation % 5000)},
		},
		Decision:         &tuner.Decision{ID: id, App: "hunt", Reason: tuner.Protected, NextGeneration: generation},
		SettingsRevision: snapshot.SettingsRevision, TunerRevision: snapshot.TunerRevision, Revision: snapshot.Revision,
	}
	s.mu.Lock()
	s.started = time.Now()
	s.mu.Unlock()
	require.NoError(b, leader.Commit(ctx, term, change))
}
