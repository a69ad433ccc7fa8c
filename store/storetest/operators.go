package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

func operators() []story {
	return []story{
		{"an operator sets and unsets values", setValues},
		{"an operator's nonsense is refused", setNonsense},
		{"operators who write at once all succeed", setAtOnce},
		{"an operator's write makes the leader's commit conflict", setUnderCommit},
		{"a roll-back restores a former generation exactly", rollBack},
		{"a roll-back to generation 0 tunes nothing", rollBackToNothing},
		{"a roll-back mends a document that can't be read", rollBackDamaged},
		{"generations grow over a deleted document", growOverDeletion},
		{"a hold is placed, replaced and released", holdAndRelease},
	}
}

func linger(ms int64) settings.Values {
	return settings.Values{settings.ProducerLingerMs: settings.Number(ms)}
}

func setValues(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	before := s.read()
	batch := settings.Values{settings.ProducerBatchSize: settings.Number(64 << 10)}
	d, err := s.store.SetValues(s.Context(), batch, []settings.Name{settings.ProducerLingerMs}, anna())
	require.NoError(s, err)
	require.EqualValues(s, 2, d.Generation)
	require.Equal(s, batch, d.Settings)
	after := s.read()
	require.Equal(s, d, after.Document)
	require.Equal(s, before.State, after.State, "the tuner's state is not the operator's")
	require.Equal(s, before.TunerRevision, after.TunerRevision)

	decisions, err := s.store.Journal(s.Context(), store.Page{Limit: 1})
	require.NoError(s, err)
	require.Equal(s, d.Decision, decisions[0].ID)
	require.Equal(s, store.ReasonSet, decisions[0].Reason)
	require.Equal(s, "by anna: a test", decisions[0].Detail)
	require.Equal(s, []tuner.Step{
		{Setting: settings.ProducerLingerMs, From: settings.Number(20)},
		{Setting: settings.ProducerBatchSize, To: settings.Number(64 << 10)},
	}, decisions[0].Steps)

	same, err := s.store.SetValues(s.Context(), batch, nil, anna())
	require.NoError(s, err)
	require.Equal(s, d, same, "what is so already is not written again")
	s.untouched(after)
}

func setNonsense(s *stage) {
	for _, bad := range []struct {
		values settings.Values
		unset  []settings.Name
		by     store.Operator
		says   string
	}{
		{linger(99999), nil, anna(), "producer.linger.ms is 99999"},
		{settings.Values{"producer.linger": settings.Number(1)}, nil, anna(), "producer.linger"},
		{nil, []settings.Name{"producer.linger"}, anna(), "unknown setting"},
		{linger(5), []settings.Name{settings.ProducerLingerMs}, anna(), "both set and unset"},
		{linger(5), nil, store.Operator{}, "nobody is named"},
	} {
		_, err := s.store.SetValues(s.Context(), bad.values, bad.unset, bad.by)
		require.ErrorContains(s, err, bad.says)
	}
	s.Put(s, "settings", []byte("{"))
	_, err := s.store.SetValues(s.Context(), linger(5), nil, anna())
	require.ErrorContains(s, err, "roll back")
}

func setAtOnce(s *stage) {
	names := []settings.Name{
		settings.ProducerLingerMs, settings.ProducerRetryBackoffMs, settings.ProducerMaxBlockMs, settings.ConsumerFetchMaxWaitMs,
	}
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		client := s.Open(s)
		wg.Go(func() {
			_, errs[i] = client.SetValues(s.Context(), settings.Values{name: settings.Number(7)}, nil, store.Operator{Who: fmt.Sprint(i)})
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(s, err)
	}
	d := s.read().Document
	require.EqualValues(s, len(names), d.Generation)
	require.Len(s, d.Settings, len(names))
}

func setUnderCommit(s *stage) {
	term, _ := s.lead()
	before := s.read()
	_, err := s.store.SetValues(s.Context(), linger(7), nil, anna())
	require.NoError(s, err)
	s.refused(term, s.change(before, 20), store.ErrConflict)
}

func rollBack(s *stage) {
	term, _ := s.lead()
	c := s.change(s.read(), 20)
	c.Document.Settings = settings.Values{settings.ProducerLingerMs: settings.Number(20), settings.ProducerCompressionType: settings.Word("lz4")}
	c.Document.Topics = map[string]settings.Values{"hunt.commands": linger(2)}
	require.NoError(s, s.store.Commit(s.Context(), term, c))
	s.commit(term, 40)
	s.commit(term, 80)

	before := s.read()
	d, err := s.store.Rollback(s.Context(), 1, anna())
	require.NoError(s, err)
	require.EqualValues(s, 4, d.Generation)
	require.Equal(s, c.Document.Settings, d.Settings)
	require.Equal(s, c.Document.Topics, d.Topics)
	after := s.read()
	require.Equal(s, d, after.Document)
	require.Equal(s, before.TunerRevision, after.TunerRevision)
	decisions, err := s.store.Journal(s.Context(), store.Page{Limit: 1})
	require.NoError(s, err)
	require.Equal(s, store.ReasonRolledBack, decisions[0].Reason)
	require.Equal(s, []tuner.Step{
		{Setting: settings.ProducerLingerMs, From: settings.Number(80), To: settings.Number(20)},
		{Setting: settings.ProducerCompressionType, To: settings.Word("lz4")},
		{Setting: settings.ProducerLingerMs, Topic: "hunt.commands", To: settings.Number(2)},
	}, decisions[0].Steps)

	again, err := s.store.Rollback(s.Context(), 3, anna())
	require.NoError(s, err)
	require.EqualValues(s, 5, again.Generation)
	require.Equal(s, linger(80), again.Settings)
	require.Empty(s, again.Topics)
	_, err = s.store.Rollback(s.Context(), 77, anna())
	require.ErrorIs(s, err, store.ErrNotKept)
}

func rollBackToNothing(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	d, err := s.store.Rollback(s.Context(), 0, anna())
	require.NoError(s, err)
	require.EqualValues(s, 2, d.Generation)
	require.Empty(s, d.Settings)
	require.Equal(s, d, s.read().Document)
}

func rollBackDamaged(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	s.Put(s, "settings", []byte(`{"schema": 1, "generation": 9, "settings": {"producer.linger.ms": -4}}`))
	require.Error(s, s.read().DocumentErr)
	d, err := s.store.Rollback(s.Context(), 1, anna())
	require.NoError(s, err)
	require.EqualValues(s, 10, d.Generation, "above whatever the damaged document says")
	require.Equal(s, linger(20), d.Settings)
	require.Equal(s, d, s.read().Document)
}

func growOverDeletion(s *stage) {
	term, _ := s.lead()
	s.commit(term, 20)
	s.commit(term, 40)
	s.Delete(s, "settings")
	d, err := s.store.SetValues(s.Context(), linger(7), nil, anna())
	require.NoError(s, err)
	require.EqualValues(s, 3, d.Generation)
}

func holdAndRelease(s *stage) {
	require.NoError(s, s.store.Release(s.Context(), anna()), "nothing to release is fine")
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	first := tuner.Hold{Who: "anna", Why: "a deployment", Until: until, Settings: []settings.Name{settings.ProducerLingerMs}}
	require.NoError(s, s.store.SetHold(s.Context(), first))
	held := s.read().Hold
	require.Equal(s, first.Settings, held.Settings)
	require.Equal(s, until, held.Until)
	require.False(s, held.Since.IsZero())

	require.NoError(s, s.store.SetHold(s.Context(), tuner.Hold{Who: "bert"}))
	require.Equal(s, "bert", s.read().Hold.Who)
	require.NoError(s, s.store.Release(s.Context(), anna()))
	require.Nil(s, s.read().Hold)

	decisions, err := s.store.Journal(s.Context(), store.Page{})
	require.NoError(s, err)
	require.Len(s, decisions, 3)
	require.Equal(s, store.ReasonReleased, decisions[0].Reason)
	require.Equal(s, store.ReasonHeld, decisions[2].Reason)
	require.Contains(s, decisions[2].Detail, "by anna: a deployment; holds [producer.linger.ms] until 2")
	require.ErrorContains(s, s.store.SetHold(s.Context(), tuner.Hold{}), "nobody is named")
	require.ErrorContains(s, s.store.SetHold(s.Context(), tuner.Hold{Who: "anna", Until: time.Unix(1, 0)}), "over already")
	require.ErrorContains(s, s.store.SetHold(s.Context(), tuner.Hold{Who: "anna", Settings: []settings.Name{"x"}}), "unknown setting")
}
