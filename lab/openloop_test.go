package lab

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAProfileIsNamesDurationsAndRates(t *testing.T) {
	phases, err := ParseProfile("calm:30s@200, spike:1m@1000")
	require.NoError(t, err)
	require.Equal(t, []Phase{
		{Name: "calm", Duration: 30 * time.Second, Rate: 200},
		{Name: "spike", Duration: time.Minute, Rate: 1000},
	}, phases)
	require.Equal(t, 90*time.Second, total(phases))
}

func TestAProfileThatIsWrongSaysWhere(t *testing.T) {
	for _, bad := range []string{"", "calm", "calm:30s", ":30s@1", "calm:0s@1", "calm:x@1", "calm:1s@0", "calm:1s@NaN", "calm:1s@1e9", "calm:1s@1,"} {
		_, err := ParseProfile(bad)
		require.ErrorContains(t, err, "write NAME:DURATION@RATE", bad)
	}
}

// A server that doesn't answer for a second doesn't slow the arrivals: 100 more come, and each waited from when it was due.
func TestTheLoopStaysOpenWhileTheServerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := NewRecorder(begin)
		hangUntil := begin.Add(2 * time.Second)
		send := func(due time.Time) {
			time.Sleep(time.Until(hangUntil))
			r.Record(due, time.Since(due), OutcomeOK)
		}
		OpenLoop(t.Context(), begin, []Phase{{Duration: 2 * time.Second, Rate: 100}}, send, nil)
		first := r.Between(0, time.Second)
		require.EqualValues(t, 100, first.Requests)
		require.InDelta(t, 1505, first.MeanMs, 5)
		require.InDelta(t, 2000, first.MaxMs, 5)
	})
}

// More requests than may wait are dropped and counted, not queued.
func TestTooManyWaitingAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		sent, dropped := 0, 0
		send := func(time.Time) {
			mu.Lock()
			sent++
			mu.Unlock()
			time.Sleep(time.Hour)
		}
		OpenLoop(t.Context(), begin, []Phase{{Duration: time.Second, Rate: 5000}}, send, func(time.Time) { dropped++ })
		require.Equal(t, maxWaiting, sent)
		require.Equal(t, 1000, dropped)
	})
}

func TestFiguresSumUpTheirSecondsOnly(t *testing.T) {
	begin := time.Now()
	r := NewRecorder(begin)
	r.Record(begin.Add(500*time.Millisecond), 10*time.Millisecond, OutcomeOK)
	r.Record(begin.Add(1500*time.Millisecond), time.Second, OutcomeTimeout)
	r.Record(begin.Add(1600*time.Millisecond), 0, OutcomeDropped)

	f := r.Between(time.Second, 2*time.Second)

	require.EqualValues(t, 2, f.Requests)
	require.EqualValues(t, 1, f.Timeouts)
	require.InDelta(t, 50, f.TimeoutPct, 0.01)
	require.InDelta(t, 1000, f.P99Ms, 1)
	require.Zero(t, f.OKPerS)
}
