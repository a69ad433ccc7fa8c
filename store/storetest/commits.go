package storetest

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

func commits() []story {
	return []story{
		{"an empty application reads as nothing", readEmpty},
		{"a commit is read back as it was written", commitAndRead},
		{"a commit of the state alone leaves the document and the journal", commitState},
		{"a commit over what somebody else wrote conflicts", commitStale},
		{"a commit over a hold that came after the read conflicts", commitOverHold},
		{"a commit after lost leadership is refused, also once re-elected", commitAfterLoss},
		{"a commit under no term or another's is refused", commitWithoutTerm},
		{"a change that breaks a rule is refused with a sentence", commitNonsense},
		{"a decision is journalled once", commitTwice},
		{"a decision on readings that are no numbers is journalled", commitNaN},
		{"what can't be read is told, part by part", readDamaged},
		{"a call ends with its context", callsEnd},
	}
}

func readEmpty(s *stage) {
	snapshot := s.read()
	require.NoError(s, snapshot.DocumentErr)
	require.NoError(s, snapshot.StateErr)
	require.Zero(s, snapshot.Document)
	require.Zero(s, snapshot.State)
	require.Nil(s, snapshot.Hold)
	require.Zero(s, snapshot.SettingsRevision)
	require.Zero(s, snapshot.TunerRevision)
	require.Positive(s, snapshot.Revision)
}

func commitAndRead(s *stage) {
	term, _ := s.lead()
	c := s.change(s.read(), 20)
	c.State.Recent = []tuner.Sample{{Load: 7, Time: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}}
	require.NoError(s, s.store.Commit(s.Context(), term, c))

	snapshot := s.read()
	require.Equal(s, *c.Document, snapshot.Document)
	require.Equal(s, c.State, snapshot.State)
	require.Equal(s, snapshot.SettingsRevision, snapshot.TunerRevision, "one transaction, one revision")
	decisions, err := s.store.Journal(s.Context(), store.Page{})
	require.NoError(s, err)
	require.Equal(s, []tuner.Decision{*c.Decision}, decisions)
	history, err := s.store.History(s.Context(), 0)
	require.NoError(s, err)
	require.Equal(s, []settings.Document{*c.Document}, history)
}

func commitState(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	before := s.read()
	c := store.Change{
		State:            tuner.State{Version: tuner.StateVersion, Generation: 1, BlindTicks: 3},
		SettingsRevision: before.SettingsRevision, TunerRevision: before.TunerRevision,
	}
	require.NoError(s, s.store.Commit(s.Context(), term, c))

	snapshot := s.read()
	require.Equal(s, c.State, snapshot.State)
	require.Equal(s, before.Document, snapshot.Document)
	require.Equal(s, before.SettingsRevision, snapshot.SettingsRevision)
	require.Greater(s, snapshot.TunerRevision, before.TunerRevision)
	decisions, err := s.store.Journal(s.Context(), store.Page{})
	require.NoError(s, err)
	require.Len(s, decisions, 1)
}

func commitStale(s *stage) {
	term, _ := s.lead()
	stale := s.read()
	s.commit(term, 20)
	s.refused(term, s.change(stale, 40), store.ErrConflict)

	fresh := s.read()
	onlyTuner := s.change(fresh, 40)
	onlyTuner.TunerRevision--
	s.refused(term, onlyTuner, store.ErrConflict)
	onlySettings := s.change(fresh, 40)
	onlySettings.SettingsRevision--
	s.refused(term, onlySettings, store.ErrConflict)
	stateOnly := onlySettings
	stateOnly.Document, stateOnly.Decision = nil, nil
	s.refused(term, stateOnly, store.ErrConflict)
}

func commitOverHold(s *stage) {
	term, _ := s.lead()
	before := s.read()
	require.NoError(s, s.store.SetHold(s.Context(), tuner.Hold{Who: "anna", Why: "a deployment"}))
	s.refused(term, s.change(before, 20), store.ErrConflict)

	unaware := s.change(before, 20)
	unaware.Revision = 0
	require.NoError(s, s.store.Commit(s.Context(), term, unaware), "a commit that doesn't name its revision doesn't look at the hold")
	s.commit(term, 30)
}

func commitAfterLoss(s *stage) {
	terms := make(chan store.Term)
	client := s.Open(s)
	s.start(func(ctx context.Context) error {
		return client.Campaign(ctx, "one", func(ctx context.Context, t store.Term) error {
			select {
			case terms <- t:
			case <-ctx.Done():
			}
			<-ctx.Done()
			return nil
		})
	})
	former := <-terms
	s.commit(former, 20)
	s.ExpireLeader(s)
	present := <-terms
	require.NotEqual(s, former, present)
	s.refused(former, s.change(s.read(), 40), store.ErrNotLeader)
	s.commit(present, 40)
}

func commitWithoutTerm(s *stage) {
	c := s.change(s.read(), 20)
	s.refused(store.Term{}, c, store.ErrNotLeader)
	s.refused(store.Term{Key: "leader/nobody"}, c, store.ErrNotLeader)
	s.refused(store.Term{Key: "leader/nobody", Revision: 1}, c, store.ErrNotLeader)
	term, stop := s.lead()
	s.refused(store.Term{Key: term.Key, Revision: term.Revision + 1}, c, store.ErrNotLeader)
	stop()
	s.refused(term, c, store.ErrNotLeader)
}

func commitNonsense(s *stage) {
	term, _ := s.lead()
	for _, broken := range []struct {
		name string
		by   func(*store.Change)
		says string
	}{
		{"another application's document", func(c *store.Change) { c.Document.App = "other" }, `of the application "other"`},
		{"a document without a decision", func(c *store.Change) { c.Decision = nil }, "without a decision"},
		{"an identifier that is no ULID", func(c *store.Change) { c.Decision.ID = "../settings" }, "ULID"},
		{"a value out of bounds", func(c *store.Change) {
			c.Document.Settings = settings.Values{settings.ProducerLingerMs: settings.Number(-1)}
		}, "producer.linger.ms"},
		{"a state that is too large", func(c *store.Change) {
			c.State.Rules = map[string]tuner.RuleState{strings.Repeat("x", 600<<10): {}}
		}, "at most 524288"},
		{"an entry that is too large", func(c *store.Change) { c.Decision.Detail = strings.Repeat("x", 300<<10) }, "at most 262144"},
	} {
		before := s.read()
		c := s.change(before, 20)
		broken.by(&c)
		require.ErrorContains(s, s.store.Commit(s.Context(), term, c), broken.says, broken.name)
		s.untouched(before)
	}
}

func commitTwice(s *stage) {
	term, _ := s.lead()
	first := s.change(s.read(), 20)
	require.NoError(s, s.store.Commit(s.Context(), term, first))
	again := s.change(s.read(), 40)
	again.Decision.ID = first.Decision.ID
	s.refused(term, again, store.ErrConflict)
}

func commitNaN(s *stage) {
	term, _ := s.lead()
	c := s.change(s.read(), 20)
	c.Decision.Evidence = tuner.Evidence{
		Objectives: map[string]tuner.Reading{"p99": {Value: math.NaN()}, "errors": {Value: 0.5, OK: true}},
		Load:       tuner.Reading{Value: math.Inf(1), OK: true},
		Rules:      map[string]float64{"Queueing": math.NaN(), "Timeouts": 2},
	}
	require.NoError(s, s.store.Commit(s.Context(), term, c))
	decisions, err := s.store.Journal(s.Context(), store.Page{})
	require.NoError(s, err)
	require.Equal(s, tuner.Evidence{
		Objectives: map[string]tuner.Reading{"p99": {Why: "the value is NaN"}, "errors": {Value: 0.5, OK: true}},
		Load:       tuner.Reading{Why: "the value is +Inf"},
		Rules:      map[string]float64{"Timeouts": 2},
	}, decisions[0].Evidence)
	require.True(s, math.IsNaN(c.Decision.Evidence.Objectives["p99"].Value), "the caller's decision is not touched")
}

func readDamaged(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	s.Put(s, "settings", []byte(`{"schema": 1, "settings": {"producer.linger": 1}}`))
	snapshot := s.read()
	require.ErrorContains(s, snapshot.DocumentErr, "producer.linger")
	require.Zero(s, snapshot.Document)
	require.NoError(s, snapshot.StateErr)
	require.EqualValues(s, 1, snapshot.State.Generation)

	s.Put(s, "tuner", []byte(`{"version": 99}`))
	require.ErrorContains(s, s.read().StateErr, "99")

	s.Put(s, "hold", []byte(`{`))
	require.NotNil(s, s.read().Hold)
	require.Empty(s, s.read().Hold.Settings, "a hold that can't be read holds everything")
	require.Contains(s, s.read().Hold.Why, "can't be read")
}

func callsEnd(s *stage) {
	term, _ := s.lead()
	c := s.change(s.read(), 20)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Read":      func() error { _, err := s.store.Read(ctx); return err },
		"Commit":    func() error { return s.store.Commit(ctx, term, c) },
		"Journal":   func() error { _, err := s.store.Journal(ctx, store.Page{}); return err },
		"History":   func() error { _, err := s.store.History(ctx, 1); return err },
		"Rollback":  func() error { _, err := s.store.Rollback(ctx, 1, anna()); return err },
		"SetValues": func() error { _, err := s.store.SetValues(ctx, c.Document.Settings, nil, anna()); return err },
		"SetHold":   func() error { return s.store.SetHold(ctx, tuner.Hold{Who: "anna"}) },
		"Release":   func() error { return s.store.Release(ctx, anna()) },
		"Instances": func() error { _, err := s.store.Instances(ctx); return err },
		"Leader":    func() error { _, err := s.store.Leader(ctx); return err },
	} {
		require.ErrorIs(s, call(), context.Canceled, name)
	}
	require.NoError(s, s.store.Watch(ctx, func(settings.Update) {}))
	require.NoError(s, s.store.Join(ctx, "one", nil))
	require.NoError(s, s.store.Campaign(ctx, ulid.Make().String(), func(context.Context, store.Term) error { return nil }))
	require.Zero(s, s.read().Document)
}
