package record_test

import (
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
	"github.com/veltrix/veltrix/tuner"
)

func TestIdentifiersGrowEvenIfTheClockThatWroteTheLastOneIsAhead(t *testing.T) {
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	ahead := ulid.MustNew(ulid.Timestamp(now.Add(time.Hour)), ulid.DefaultEntropy()).String()
	id, err := record.Present{Newest: record.Raw{ID: ahead}}.NextID(now)
	require.NoError(t, err)
	require.Greater(t, id, ahead)

	id, err = record.Present{}.NextID(now)
	require.NoError(t, err)
	require.Equal(t, now, ulid.MustParse(id).Timestamp().UTC())
}

func TestTheNextGenerationIsAboveAllThatIsStored(t *testing.T) {
	entry, err := record.Entry{Decision: tuner.Decision{ID: ulid.Make().String(), NextGeneration: 12}}.Encode()
	require.NoError(t, err)
	for _, p := range []record.Present{
		{Settings: []byte(`{"generation": 12, "settings": {"unknown": 1}}`)},
		{Settings: []byte(`{"generation": 3}`), Tuner: []byte(`{"version": 1, "generation": 12}`)},
		{Settings: []byte(`not JSON at all`), Newest: record.Raw{Value: entry}},
	} {
		require.EqualValues(t, 13, p.NextGeneration())
	}
	require.EqualValues(t, 1, record.Present{}.NextGeneration())
}

func TestAReportOfANewerInstanceIsRead(t *testing.T) {
	r := record.DecodeReport(app, "a", []byte(`{"generation": 3, "effective": {"producer.linger.ms": 5, "producer.of.tomorrow": 1}}`))
	require.Nil(t, r.Refusal)
	require.Equal(t, settings.Values{settings.ProducerLingerMs: settings.Number(5)}, r.Effective)
}

func TestAReportThatCannotBeReadCountsAsARefusal(t *testing.T) {
	r := record.DecodeReport(app, "a", []byte(`{"generation": "three"}`))
	require.Equal(t, "a", r.ID)
	require.Contains(t, r.Refusal.Reason, "can't be read")
}

func TestAnEntryThatCannotBeReadIsShownWithItsID(t *testing.T) {
	j := record.Journal{App: app, Page: func(string, int) ([]record.Raw, error) {
		return []record.Raw{{ID: "01J", Value: []byte("{")}}, nil
	}}
	decisions, err := j.Decisions("", 1)
	require.NoError(t, err)
	require.Equal(t, "01J", decisions[0].ID)
	require.Contains(t, decisions[0].Detail, "can't be read")
	documents, err := j.Documents(5)
	require.NoError(t, err)
	require.Empty(t, documents)
}

func TestAFormerDocumentThatIsRefusedTodayIsNotRestored(t *testing.T) {
	j := record.Journal{App: app, Page: func(string, int) ([]record.Raw, error) {
		return []record.Raw{{ID: "01J", Value: []byte(`{"decision": {}, "document": {"schema": 1, "app": "hunt", "generation": 4, "settings": {"producer.linger.ms": -1}}}`)}}, nil
	}}
	_, _, err := j.Find(4)
	require.ErrorContains(t, err, "producer.linger.ms")
}
