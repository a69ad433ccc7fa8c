package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/store"
)

func elections() []story {
	return []story{
		{"one candidate leads; the next takes over when it resigns", takeOver},
		{"lost leadership is signalled, and the candidate stands again", lossSignalled},
		{"what lead returns ends the campaign", leadReturns},
		{"of many candidates one leads at a time", oneAtATime},
	}
}

func (s *stage) leader() string {
	s.Helper()
	id, err := s.store.Leader(s.Context())
	require.NoError(s, err)
	return id
}

func takeOver(s *stage) {
	require.Empty(s, s.leader())
	first, stop := s.lead()
	require.Equal(s, "one", s.leader())
	elected := make(chan store.Term, 1)
	client := s.Open(s)
	s.start(func(ctx context.Context) error {
		return client.Campaign(ctx, "two", func(ctx context.Context, t store.Term) error {
			elected <- t
			<-ctx.Done()
			return nil
		})
	})
	s.commit(first, 20)
	require.Empty(s, elected)
	stop()
	second := <-elected
	require.Equal(s, "two", s.leader())
	require.NotEqual(s, first, second)
	s.refused(first, s.change(s.read(), 40), store.ErrNotLeader)
	s.commit(second, 40)
}

func lossSignalled(s *stage) {
	elected, lost := make(chan store.Term), make(chan struct{})
	client := s.Open(s)
	s.start(func(ctx context.Context) error {
		return client.Campaign(ctx, "one", func(leading context.Context, t store.Term) error {
			select {
			case elected <- t:
			case <-leading.Done():
			}
			<-leading.Done()
			if ctx.Err() == nil {
				lost <- struct{}{}
			}
			return leading.Err()
		})
	})
	seen := make(map[store.Term]bool)
	for range 3 {
		term := <-elected
		require.False(s, seen[term], "each election is a term of its own")
		seen[term] = true
		s.ExpireLeader(s)
		<-lost
	}
	s.commit(<-elected, 20)
}

func leadReturns(s *stage) {
	broken := errors.New("broken")
	err := s.store.Campaign(s.Context(), "one", func(context.Context, store.Term) error { return broken })
	require.ErrorIs(s, err, broken)
	require.Empty(s, s.leader(), "it has resigned")
	require.NoError(s, s.store.Campaign(s.Context(), "one", func(context.Context, store.Term) error { return nil }))
	require.Empty(s, s.leader())

	terms := 0
	err = s.store.Campaign(s.Context(), "one", func(context.Context, store.Term) error {
		if terms++; terms < 3 {
			return fmt.Errorf("commit: %w", store.ErrNotLeader)
		}
		return broken
	})
	require.ErrorIs(s, err, broken)
	require.Equal(s, 3, terms, "who is told that it doesn't lead stands again")
}

func oneAtATime(s *stage) {
	const candidates = 5
	var leading, together, led atomic.Int64
	stops := make(map[string]func(), candidates)
	for i := range candidates {
		client, id := s.Open(s), fmt.Sprintf("candidate-%d", i)
		stops[id] = s.start(func(ctx context.Context) error {
			return client.Campaign(ctx, id, func(ctx context.Context, _ store.Term) error {
				if leading.Add(1) > 1 {
					together.Add(1)
				}
				led.Add(1)
				<-ctx.Done()
				leading.Add(-1)
				return nil
			})
		})
	}
	for i := range int64(candidates) {
		s.eventually(func() bool { return led.Load() == i+1 }, "the next one leads")
		stops[s.leader()]()
	}
	require.Empty(s, s.leader())
	require.Zero(s, together.Load())
}
