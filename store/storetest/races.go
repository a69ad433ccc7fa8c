package storetest

import (
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/store"
)

// rounds is how often two writers race.
const rounds = 1000

func races() []story {
	return []story{{"of two writers exactly one wins, a thousand times", twoWriters}}
}

// twoWriters lets two writers that both hold the leader's term read the same snapshot and commit at once.
func twoWriters(s *stage) {
	term, _ := s.lead()
	seen := s.watch()
	writers := []Store{s.Open(s), s.Open(s)}
	wins := make([]int, len(writers))
	for round := range int64(rounds) {
		snapshot := s.read()
		require.Equal(s, round, snapshot.Document.Generation)
		errs := make([]error, len(writers))
		changes := make([]store.Change, len(writers))
		var wg sync.WaitGroup
		for i, w := range writers {
			changes[i] = s.change(snapshot, (2*round+int64(i))%5000)
			wg.Go(func() { errs[i] = w.Commit(s.Context(), term, changes[i]) })
		}
		wg.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		require.NoError(s, errs[winner])
		require.ErrorIs(s, errs[1-winner], store.ErrConflict, "the other one is told")
		require.Equal(s, *changes[winner].Document, s.read().Document)
		wins[winner]++
	}
	s.Logf("wins: %v", wins)
	s.reaches(seen, rounds)
	s.forward(seen)
	decisions, err := s.store.Journal(s.Context(), store.Page{Limit: 1000})
	require.NoError(s, err)
	require.Len(s, decisions, JournalLimit)
}
