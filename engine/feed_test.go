package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine/hunt"
)

func numbered(from, to int64) []told {
	var all []told
	for i := from; i < to; i++ {
		all = append(all, told{i, hunt.Event{Hunt: "h"}})
	}
	return all
}

// A listener that doesn't listen is dropped and holds nobody up; what is kept is bounded; who comes back too late is told so.
func TestTheFeedIsBounded(t *testing.T) {
	f := newFeed()
	slow, _, _ := f.listen(0, "h", -1)
	f.publish(0, numbered(0, feedQueue+1))
	got := 0
	for range slow.events {
		got++
	}
	require.Equal(t, feedQueue, got, "what it had is still there, then the channel ends")
	require.Empty(t, f.listeners)

	f.publish(0, numbered(feedQueue+1, 3*feedKeeps))
	require.Len(t, f.recent[0], feedKeeps)
	l, missed, complete := f.listen(0, "h", 3*feedKeeps-11)
	require.True(t, complete)
	require.Len(t, missed, 10)
	f.leave(l)
	f.leave(l) // twice does no harm
	_, missed, complete = f.listen(0, "h", 5)
	require.False(t, complete)
	require.Len(t, missed, feedKeeps)

	for range maxListeners - 1 {
		l, _, _ = f.listen(0, "h", -1)
		require.NotNil(t, l)
	}
	l, _, _ = f.listen(0, "h", -1)
	require.Nil(t, l, "one too many")
	f.end()
	require.Empty(t, f.listeners)
	l, _, _ = f.listen(0, "h", -1)
	require.Nil(t, l)
}

// BenchmarkPublish is one event for a feed that is full.
func BenchmarkPublish(b *testing.B) {
	f := newFeed()
	f.publish(0, numbered(0, 3*feedKeeps))
	next := int64(3 * feedKeeps)
	b.ReportAllocs()
	for b.Loop() {
		f.publish(0, numbered(next, next+1))
		next++
	}
}
