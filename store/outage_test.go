package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// run runs do in the background until stop is called or the test ends.
func run(t *testing.T, do func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return stop
}

// wired opens a store whose network can be cut without touching anybody else's.
func wired(t *testing.T, server *etcdtest.Server, o store.Options) (*store.Store, *etcdtest.Wire) {
	t.Helper()
	wire := etcdtest.NewWire(t, server.Address())
	o.Endpoints = []string{"http://" + wire.Address()}
	return open(t, o), wire
}

func instances(t *testing.T, s *store.Store) []settings.Report {
	t.Helper()
	reports, err := s.Instances(t.Context())
	require.NoError(t, err)
	return reports
}

func TestAnInstanceWhoseNetworkIsCutVanishesAndComesBack(t *testing.T) {
	server := etcdtest.Start(t)
	watcher := open(t, options("hunt", server.Endpoints()...))
	member, wire := wired(t, server, shortLeased(options("hunt")))
	reports := make(chan settings.Report)
	run(t, func(ctx context.Context) error { return member.Join(ctx, "a", reports) })
	reports <- settings.Report{Generation: 1}
	require.Eventually(t, func() bool { return len(instances(t, watcher)) == 1 }, soon, 5*time.Millisecond)

	wire.Cut()
	require.Eventually(t, func() bool { return len(instances(t, watcher)) == 0 }, soon, 5*time.Millisecond, "its lease runs out")
	for generation := range int64(5) {
		reports <- settings.Report{Generation: generation + 2} // Whoever reports never waits for etcd.
	}
	wire.Mend(t)
	require.Eventually(t, func() bool {
		all := instances(t, watcher)
		return len(all) == 1 && all[0].Generation == 6
	}, soon, 5*time.Millisecond, "it joins again with its newest report")
}

func TestALeaderWhoseNetworkIsCutKnowsItBeforeTheNextIsElected(t *testing.T) {
	server := etcdtest.Start(t)
	first, wire := wired(t, server, shortLeased(options("hunt")))
	events := make(chan string, 16)
	terms := make(chan store.Term, 16)
	campaign := func(s *store.Store, id string) {
		run(t, func(ctx context.Context) error {
			return s.Campaign(ctx, id, func(ctx context.Context, term store.Term) error {
				events <- id + " leads"
				terms <- term
				<-ctx.Done()
				events <- id + " has lost it"
				return nil
			})
		})
	}
	campaign(first, "one")
	require.Equal(t, "one leads", <-events)
	former := <-terms
	second := open(t, options("hunt", server.Endpoints()...))
	campaign(second, "two")

	wire.Cut()
	require.Equal(t, "one has lost it", <-events)
	require.Equal(t, "two leads", <-events)
	wire.Mend(t)
	require.Eventually(t, func() bool {
		return errors.Is(first.Commit(t.Context(), former, store.Change{}), store.ErrNotLeader)
	}, soon, 50*time.Millisecond)
}

func TestADeletedLeaderKeyIsNoticedAtOnce(t *testing.T) {
	server := etcdtest.Start(t)
	o := options("hunt", server.Endpoints()...)
	o.LeaderTTL = time.Hour
	s := open(t, o)
	terms := make(chan store.Term)
	run(t, func(ctx context.Context) error {
		return s.Campaign(ctx, "one", func(ctx context.Context, term store.Term) error {
			select {
			case terms <- term:
			case <-ctx.Done():
			}
			<-ctx.Done()
			return nil
		})
	})
	term := <-terms
	_, err := server.Client().Delete(t.Context(), term.Key)
	require.NoError(t, err)
	require.NotEqual(t, term, <-terms, "it stands again, long before its lease would have ended")
}

func TestADeletedInstanceKeyComesBack(t *testing.T) {
	server := etcdtest.Start(t)
	o := options("hunt", server.Endpoints()...)
	o.RelistEvery = 50 * time.Millisecond
	s := open(t, o)
	reports := make(chan settings.Report, 1)
	reports <- settings.Report{Generation: 1}
	run(t, func(ctx context.Context) error { return s.Join(ctx, "a", reports) })
	listed := func() bool { return len(instances(t, s)) == 1 }
	require.Eventually(t, listed, soon, 5*time.Millisecond)
	_, err := server.Client().Delete(t.Context(), key("instances", "a"))
	require.NoError(t, err)
	require.Eventually(t, listed, soon, 5*time.Millisecond)
}

func TestCallsThatBlockEndWithTheirContextWhileEtcdIsAway(t *testing.T) {
	server := etcdtest.Start(t)
	s := open(t, options("hunt", server.Endpoints()...))
	leads := make(chan struct{})
	reports := make(chan settings.Report, 1)
	reports <- settings.Report{Generation: 1}
	stops := []func(){
		run(t, func(ctx context.Context) error { return s.Watch(ctx, func(settings.Update) {}) }),
		run(t, func(ctx context.Context) error { return s.Join(ctx, "a", reports) }),
		run(t, func(ctx context.Context) error {
			return s.Campaign(ctx, "one", func(ctx context.Context, _ store.Term) error {
				close(leads)
				<-ctx.Done()
				return nil
			})
		}),
	}
	<-leads
	require.Eventually(t, func() bool { return len(instances(t, s)) == 1 }, soon, 5*time.Millisecond)
	server.Stop()
	var wg sync.WaitGroup
	for _, stop := range stops {
		wg.Go(stop)
	}
	wg.Wait()
}

func TestCloseEndsWhatBlocks(t *testing.T) {
	server := etcdtest.Start(t)
	s, err := store.Open(t.Context(), options("hunt", server.Endpoints()...))
	require.NoError(t, err)
	other := open(t, options("hunt", server.Endpoints()...))
	watching, leading := make(chan settings.Update, 1), make(chan struct{})
	errs := make(chan error, 3)
	reports := make(chan settings.Report, 1)
	reports <- settings.Report{Generation: 1}
	go func() { errs <- s.Watch(context.Background(), func(u settings.Update) { watching <- u }) }()
	go func() { errs <- s.Join(context.Background(), "a", reports) }()
	go func() {
		errs <- s.Campaign(context.Background(), "one", func(ctx context.Context, _ store.Term) error {
			close(leading)
			<-ctx.Done()
			return nil
		})
	}()
	<-watching
	<-leading
	require.Eventually(t, func() bool { return len(instances(t, other)) == 1 }, soon, 5*time.Millisecond)

	require.NoError(t, s.Close())
	for range 3 {
		require.ErrorIs(t, <-errs, store.ErrClosed)
	}
	require.Empty(t, instances(t, other), "it has left")
	leader, err := other.Leader(t.Context())
	require.NoError(t, err)
	require.Empty(t, leader, "it has resigned")

	require.NoError(t, s.Close(), "closing twice is fine")
	_, err = s.Read(t.Context())
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, s.Watch(t.Context(), nil), store.ErrClosed)
}

func TestAReportByAStrangerIsListedAsARefusal(t *testing.T) {
	server := etcdtest.Start(t)
	s := open(t, options("hunt", server.Endpoints()...))
	_, err := server.Client().Put(t.Context(), key("instances", "x"), "{")
	require.NoError(t, err)
	all := instances(t, s)
	require.Len(t, all, 1)
	require.Equal(t, "x", all[0].ID)
	require.NotNil(t, all[0].Refusal)
}

func TestAnErrorNamesTheKeyTheServerAndTheCause(t *testing.T) {
	server := etcdtest.Start(t)
	o := options("hunt", server.Endpoints()...)
	o.RequestTimeout = 500 * time.Millisecond
	s := open(t, o)
	server.Stop()
	_, err := s.Read(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	for _, part := range []string{"read", key("settings"), server.Endpoints()[0], "refused"} {
		require.ErrorContains(t, err, part)
	}
	_, err = s.SetValues(t.Context(), nil, nil, store.Operator{Who: "anna"})
	require.ErrorContains(t, err, "set values: read "+key("settings"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
