package storetest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

func journals() []story {
	return []story{
		{"the journal is read page by page, newest first", journalPages},
		{"the journal keeps its limit, the newest entries", journalTrims},
		{"the history lists former documents", historyLists},
		{"a page of no sensible size is refused", journalLimits},
	}
}

// generations returns the generation that each decision led to.
func generations(decisions []tuner.Decision) []int64 {
	var all []int64
	for _, d := range decisions {
		all = append(all, d.NextGeneration)
	}
	return all
}

func journalPages(s *stage) {
	term, _ := s.lead()
	for linger := range int64(7) {
		s.commit(term, linger+1)
	}
	var pages [][]int64
	for before := ""; ; {
		page, err := s.store.Journal(s.Context(), store.Page{Before: before, Limit: 3})
		require.NoError(s, err)
		if len(page) == 0 {
			break
		}
		pages = append(pages, generations(page))
		before = page[len(page)-1].ID
	}
	require.Equal(s, [][]int64{{7, 6, 5}, {4, 3, 2}, {1}}, pages)
}

func journalTrims(s *stage) {
	term, _ := s.lead()
	for linger := range int64(JournalLimit + 5) {
		s.commit(term, linger+1)
	}
	decisions, err := s.store.Journal(s.Context(), store.Page{Limit: 1000})
	require.NoError(s, err)
	require.Len(s, decisions, JournalLimit)
	require.EqualValues(s, JournalLimit+5, decisions[0].NextGeneration)
	require.EqualValues(s, 6, decisions[JournalLimit-1].NextGeneration)
	_, err = s.store.Rollback(s.Context(), 5, anna())
	require.ErrorIs(s, err, store.ErrNotKept)
}

func historyLists(s *stage) {
	term, _ := s.lead()
	var want []settings.Document
	for linger := range int64(4) {
		want = append([]settings.Document{s.commit(term, linger+1)}, want...)
	}
	require.NoError(s, s.store.SetHold(s.Context(), tuner.Hold{Who: "anna"}), "an entry without a document is passed over")
	all, err := s.store.History(s.Context(), 10)
	require.NoError(s, err)
	require.Equal(s, want, all)
	two, err := s.store.History(s.Context(), 2)
	require.NoError(s, err)
	require.Equal(s, want[:2], two)
}

func journalLimits(s *stage) {
	for _, limit := range []int{-1, 1001} {
		_, err := s.store.Journal(context.Background(), store.Page{Limit: limit})
		require.ErrorContains(s, err, "1 to 1000")
	}
}
