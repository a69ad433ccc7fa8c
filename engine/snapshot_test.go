package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine/hunt"
)

// played returns the state after n events of a hunt: moves with ids that don't compress, as clients' don't.
func played(t testing.TB, n int) *hunt.State {
	t.Helper()
	s := hunt.NewState()
	for i := range n {
		s.Apply(eventNumber(i))
	}
	return s
}

// eventNumber returns the events of a hunt in their order: created, joined by eight, then moves, guesses and wins.
func eventNumber(i int) hunt.Event {
	begin := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	e := hunt.Event{
		Hunt: "h", Command: fmt.Sprint("c", i), Digest: hashOf([]byte(fmt.Sprint(i)))[:32],
		Time: begin.Add(time.Duration(i) * time.Millisecond), Player: fmt.Sprint("p", i%8),
	}
	switch {
	case i == 0:
		e.Kind, e.Outcome, e.Plan = hunt.Create, hunt.Created, &hunt.Plan{Name: "harbour", Starts: begin, Ends: begin.Add(time.Hour)}
		for t := range 1000 {
			e.Plan.Treasures = append(e.Plan.Treasures, hunt.Treasure{ID: fmt.Sprint("t", t), Points: 10, AnswerHash: "x"})
		}
	case i <= 8:
		e.Kind, e.Outcome = hunt.Join, hunt.Joined
	case i%3 == 0:
		e.Kind, e.Outcome, e.Treasure, e.Points = hunt.Claim, hunt.Won, fmt.Sprint("t", i%1000), 10
	case i%3 == 1:
		e.Kind, e.Outcome, e.Treasure, e.Attempts = hunt.Claim, hunt.Wrong, fmt.Sprint("t", i%1000), 4
	default:
		e.Kind, e.Outcome, e.X, e.Y = hunt.Move, hunt.Moved, float64(i), 0.5
	}
	return e
}

// packed returns the records of a snapshot in several chunks.
func packed(t testing.TB, s *hunt.State, next int64) map[string][]byte {
	t.Helper()
	m, records, err := pack(s, next, "last")
	require.NoError(t, err)
	text, err := json.Marshal(m)
	require.NoError(t, err)
	records[manifestKey] = text
	return records
}

// A snapshot is more than one record can hold, and comes back whole.
func TestASnapshotIsPackedInChunks(t *testing.T) {
	s := played(t, 50_000)
	records := packed(t, s, 50_000)
	require.Greater(t, len(records), 2)
	for key, value := range records {
		require.LessOrEqual(t, len(value), chunkSize, key)
	}
	m, back, err := unpack(records)
	require.NoError(t, err)
	require.Equal(t, int64(50_000), m.Next)
	require.Equal(t, s, back)
}

// A snapshot counts only as a whole: what is damaged, half there, or of another version is refused, and so is nothing.
func TestASnapshotThatIsNotWholeIsRefused(t *testing.T) {
	good := packed(t, played(t, 20), 20)
	var m manifest
	require.NoError(t, json.Unmarshal(good[manifestKey], &m))
	change := func(f func(map[string][]byte)) map[string][]byte {
		bad := maps.Clone(good)
		f(bad)
		return bad
	}
	set := func(f func(*manifest)) map[string][]byte {
		other := m
		f(&other)
		text, err := json.Marshal(other)
		require.NoError(t, err)
		return change(func(r map[string][]byte) { r[manifestKey] = text })
	}
	for name, bad := range map[string]map[string][]byte{
		"a chunk is missing":      change(func(r map[string][]byte) { delete(r, m.chunkKey(0)) }),
		"a chunk is damaged":      change(func(r map[string][]byte) { r[m.chunkKey(0)] = append([]byte("x"), good[m.chunkKey(0)]...) }),
		"a chunk is cut off":      change(func(r map[string][]byte) { r[m.chunkKey(0)] = good[m.chunkKey(0)][:10] }),
		"the manifest isn't JSON": change(func(r map[string][]byte) { r[manifestKey] = []byte("{") }),
		"another version":         set(func(m *manifest) { m.Version = 2 }),
		"chunks beyond number":    set(func(m *manifest) { m.Chunks = 1 << 40 }),
		"chunks below none":       set(func(m *manifest) { m.Chunks = -1 }),
		"before the first event":  set(func(m *manifest) { m.Next = 0 }),
		"something else in it":    {m.chunkKey(0): []byte("x"), manifestKey: fmt.Appendf(nil, `{"version":1,"next":1,"chunks":0,"sum":%q}`, hashOf(nil))},
	} {
		_, _, err := unpack(bad)
		require.ErrorIs(t, err, errSnapshot, name)
	}
	_, _, err := unpack(map[string][]byte{m.chunkKey(0): good[m.chunkKey(0)]})
	require.ErrorIs(t, err, errNoSnapshot)
	_, _, err = unpack(good)
	require.NoError(t, err)
}
