package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

const app = "hunt"

func document(generation, linger int64) settings.Document {
	return settings.Document{
		Schema: settings.SchemaVersion, App: app, Generation: generation,
		Settings: settings.Values{settings.ProducerLingerMs: settings.Number(linger)},
		Time:     time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
	}
}

func encoded(t require.TestingT, d settings.Document) []byte {
	data, err := d.Encode()
	require.NoError(t, err)
	return data
}

// state is the document as it was written at the revision.
func state(t require.TestingT, revision, created int64, d settings.Document) record.State {
	return record.State{Revision: revision, Created: created, Modified: revision, Value: encoded(t, d)}
}

func TestAListHealsALostEvent(t *testing.T) {
	q := record.Sequence{App: app}
	require.Len(t, q.Listed(state(t, 5, 5, document(1, 10))), 1)
	// The event of revision 6 never came.
	late := state(t, 6, 5, document(2, 20))
	late.Revision = 9
	require.Equal(t, []settings.Update{{Document: document(2, 20)}}, q.Listed(late))
	require.Empty(t, q.Event(state(t, 6, 5, document(2, 20))), "the event that came after all tells nothing")
}

func TestADeletionThatWasMissedIsDeliveredBeforeWhatCameAfter(t *testing.T) {
	q := record.Sequence{App: app}
	q.Listed(state(t, 5, 5, document(42, 10)))
	require.Equal(t, []settings.Update{{}, {Document: document(1, 20)}}, q.Listed(state(t, 8, 8, document(1, 20))))
}

func TestASourceThatWentBackInTimeBeginsAnew(t *testing.T) {
	q := record.Sequence{App: app}
	q.Listed(state(t, 500, 5, document(42, 10)))
	require.Equal(t, []settings.Update{{}, {Document: document(40, 20)}}, q.Listed(state(t, 100, 5, document(40, 20))))
	require.Empty(t, q.Listed(record.State{Revision: 101, Created: 5, Modified: 100, Value: encoded(t, document(40, 20))}))
}

func TestACachedDocumentGivesWayToTheSource(t *testing.T) {
	for name, c := range map[string]struct {
		source settings.Document
		want   []settings.Update
	}{
		"the same":  {document(42, 10), []settings.Update{{Document: document(42, 10)}}},
		"a newer":   {document(43, 20), []settings.Update{{Document: document(43, 20)}}},
		"an older":  {document(3, 20), []settings.Update{{}, {Document: document(3, 20)}}},
		"a twin of": {document(42, 20), []settings.Update{{}, {Document: document(42, 20)}}},
	} {
		q := record.Sequence{App: app}
		require.Equal(t, settings.Update{Document: document(42, 10), Cached: true}, q.Cached(document(42, 10)))
		require.Equal(t, c.want, q.Listed(state(t, 7, 7, c.source)), name)
	}
	q := record.Sequence{App: app}
	q.Cached(document(42, 10))
	require.Equal(t, []settings.Update{{}}, q.Listed(record.State{Revision: 7}), "none")
}

func TestAComplaintIsTakenBackByTheFormerDocument(t *testing.T) {
	q := record.Sequence{App: app}
	q.Listed(state(t, 5, 5, document(1, 10)))
	require.Error(t, q.Event(record.State{Revision: 6, Created: 5, Modified: 6, Value: []byte("{")})[0].Err)
	require.Equal(t, []settings.Update{{Document: document(1, 10)}}, q.Event(state(t, 7, 5, document(1, 10))))
	require.Empty(t, q.Event(state(t, 8, 5, document(1, 10))), "the same again is no news")
}

// Whatever a source does, and whatever of it gets lost, comes twice or in the wrong order, no update goes back, and the
// next list brings the receiver to where the source is.
func TestNoUpdateGoesBackWhateverIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := record.Sequence{App: app}
		var history []record.State
		now := record.State{Revision: 1}
		var got settings.Update
		take := func(updates []settings.Update) {
			for _, u := range updates {
				if u.Err == nil && u.Present() && got.Present() {
					require.GreaterOrEqual(t, u.Document.Generation, got.Document.Generation)
				}
				if u.Err == nil {
					got = u
				}
			}
		}
		take(q.Listed(now))
		generation := int64(0)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"write", "write", "delete", "event", "event", "list", "elsewhere"}).Draw(t, "step") {
			case "write":
				generation++
				created := now.Created
				if created == 0 {
					created = now.Revision + 1
				}
				now = state(t, now.Revision+1, created, document(generation, generation))
				history = append(history, now)
			case "delete":
				generation = 0
				now = record.State{Revision: now.Revision + 1}
				history = append(history, now)
			case "event":
				if len(history) > 0 {
					take(q.Event(rapid.SampledFrom(history).Draw(t, "which")))
				}
			case "list":
				take(q.Listed(now))
			case "elsewhere":
				now.Revision++ // Another key was written.
			}
		}
		take(q.Listed(now))
		want, err := record.DecodeDocument(app, now.Value)
		require.NoError(t, err)
		require.Equal(t, want, got.Document)
	})
}
