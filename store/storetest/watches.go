package storetest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

func watches() []story {
	return []story{
		{"a watch begins with what is there and goes on with what comes", watchFollows},
		{"a watch delivers a deletion, and the next document", watchDeletion},
		{"a bad document is reported and doesn't stop the watch", watchBad},
		{"an older generation never comes after a newer one", watchNeverBack},
		{"a slow receiver gets the newest", watchSlow},
		{"a watch survives a compaction", watchCompaction},
		{"a watch survives the server's absence", watchAbsence},
		{"calls fail while the server is away and work when it is back", callsWhileAway},
	}
}

func (s *stage) encoded(generation, linger int64) []byte {
	s.Helper()
	data, err := s.document(generation, linger).Encode()
	require.NoError(s, err)
	return data
}

// ends waits for the last update to satisfy the condition.
func (s *stage) ends(seen *updates, condition func(settings.Update) bool, what string) {
	s.Helper()
	s.eventually(func() bool {
		last, ok := seen.last()
		return ok && condition(last)
	}, what)
}

func absent(u settings.Update) bool { return u.Err == nil && !u.Present() }
func bad(u settings.Update) bool    { return u.Err != nil }

// forward checks that no update goes back: generations grow, unless the document was absent in between.
func (s *stage) forward(seen *updates) {
	s.Helper()
	var newest int64
	for _, u := range seen.list() {
		switch {
		case u.Err != nil:
		case !u.Present():
			newest = 0
		default:
			require.GreaterOrEqual(s, u.Document.Generation, newest)
			newest = u.Document.Generation
		}
	}
}

func watchFollows(s *stage) {
	term, _ := s.lead()
	empty := s.watch()
	s.ends(empty, absent, "without a document the watch says so")
	first := s.commit(term, 20)
	late := s.watch()
	s.reaches(late, 1)
	require.Equal(s, []settings.Update{{Document: first}}, late.list())
	for linger := range int64(20) {
		s.commit(term, linger+1)
	}
	s.reaches(empty, 21)
	s.reaches(late, 21)
	s.forward(empty)
	s.forward(late)
	require.Equal(s, s.read().Document, late.list()[len(late.list())-1].Document)
}

func watchDeletion(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	s.commit(term, 40)
	seen := s.watch()
	s.reaches(seen, 2)
	s.Delete(s, "settings")
	s.ends(seen, absent, "the deletion is delivered")
	s.Put(s, "settings", s.encoded(1, 7))
	s.reaches(seen, 1)
	s.forward(seen)
}

func watchBad(s *stage) {
	seen := s.watch()
	s.ends(seen, absent, "the watch begins")
	s.Put(s, "settings", []byte("not a document"))
	s.ends(seen, bad, "what can't be read is reported")
	s.Put(s, "settings", s.encoded(1, 7))
	s.reaches(seen, 1)
	s.Put(s, "settings", []byte(`{"schema": 7}`))
	s.ends(seen, bad, "another schema is reported")
	s.Put(s, "settings", s.encoded(1, 7))
	s.reaches(seen, 1)
	late := s.watch()
	s.reaches(late, 1)
}

func watchNeverBack(s *stage) {
	s.Put(s, "settings", s.encoded(7, 20))
	seen := s.watch()
	s.reaches(seen, 7)
	s.Put(s, "settings", s.encoded(6, 10))
	s.ends(seen, bad, "an older generation is reported")
	last, _ := seen.last()
	require.ErrorContains(s, last.Err, "generation 6")
	s.Put(s, "settings", s.encoded(7, 30))
	s.eventually(func() bool { l, _ := seen.last(); return bad(l) && l.Err.Error() != last.Err.Error() }, "one generation with two contents is reported")
	s.Put(s, "settings", s.encoded(8, 30))
	s.reaches(seen, 8)
	s.forward(seen)
}

func watchSlow(s *stage) {
	term, _ := s.lead()
	s.commit(term, 1)
	started, goOn := make(chan struct{}), make(chan struct{})
	var seen updates
	client := s.Open(s)
	s.start(func(ctx context.Context) error {
		first := true
		return client.Watch(ctx, func(u settings.Update) {
			seen.add(u)
			if first {
				first = false
				close(started)
				<-goOn
			}
		})
	})
	<-started
	for linger := range int64(15) {
		s.commit(term, linger+2)
	}
	close(goOn)
	s.reaches(&seen, 16)
	s.forward(&seen)
}

func watchCompaction(s *stage) {
	term, _ := s.lead()
	s.commit(term, 1)
	blocked, goOn := make(chan struct{}), make(chan struct{})
	var seen updates
	client := s.Open(s)
	s.start(func(ctx context.Context) error {
		first := true
		return client.Watch(ctx, func(u settings.Update) {
			seen.add(u)
			if first {
				first = false
				close(blocked)
				<-goOn
			}
		})
	})
	// The watch has listed and is about to follow from a revision that goes away now.
	<-blocked
	for linger := range int64(10) {
		s.commit(term, linger+2)
	}
	s.Compact(s)
	close(goOn)
	s.reaches(&seen, 11)
	s.commit(term, 40)
	s.Compact(s)
	s.reaches(&seen, 12)
	s.commit(term, 41)
	s.reaches(&seen, 13)
	s.forward(&seen)
}

func watchAbsence(s *stage) {
	_, err := s.store.SetValues(s.Context(), linger(1), nil, anna())
	require.NoError(s, err)
	seen := s.watch()
	s.reaches(seen, 1)
	for round := range int64(2) {
		s.Stop(s)
		s.Start(s)
		s.eventually(func() bool {
			_, err := s.store.SetValues(s.Context(), linger(round+2), nil, anna())
			return err == nil
		}, "writes go through again")
		s.eventually(func() bool { l, _ := seen.last(); return l.Document.Settings.Equal(linger(round + 2)) }, "the watch has resumed")
	}
	s.forward(seen)
}

func callsWhileAway(s *stage) {
	before := s.read()
	s.Stop(s)
	ctx, cancel := context.WithTimeout(s.Context(), 100*tick)
	defer cancel()
	_, err := s.store.Read(ctx)
	require.Error(s, err)
	_, err = s.store.SetValues(ctx, linger(7), nil, anna())
	require.Error(s, err)
	require.Error(s, s.store.Commit(ctx, store.Term{Key: "leader/x", Revision: 1}, s.change(before, 1)))
	s.Start(s)
	s.eventually(func() bool { _, err := s.store.Read(s.Context()); return err == nil }, "reads go through again")
	require.Zero(s, s.read().Document)
}
