package main

import (
	"flag"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

//nolint:gochecknoglobals // a flag of the test binary
var kills = flag.Int("kills", 25, "how often TestKilledSidecarsTellTheSameStory kills a sidecar; 200 for a soak")

// Two sidecars keep an application; one of them is killed (kill -9) at random moments, again and again, and started anew,
// while the application is broken several times. Each time it is healed by one change, as without kills: none is lost, none
// is made twice.
func TestKilledSidecarsTellTheSameStory(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes a minute")
	}
	w, program := newWorld(t), binary(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	both := []*proc{w.start(program, "one"), w.start(program, "two")}
	names := []string{"one", "two"}
	const breaks = 3
	for i := range breaks {
		for range *kills / breaks {
			time.Sleep(time.Duration(rng.Int64N(int64(1500 * time.Millisecond))))
			which := rng.IntN(2)
			both[which].kill()
			both[which] = w.start(program, names[which])
		}
		eventually(t, "it is healed and judged", func() bool { return w.linger.Load() == 63 && w.trialOver() })
		require.Len(t, w.journal(), 2*i+1)
		if i < breaks-1 {
			breakAgain(t, w)
		}
	}
	require.Equal(t, []string{
		"0→1 Protected [producer.linger.ms 1000 → 63]",
		"1→2 OperatorSet [producer.linger.ms 63 → 1000]", "2→3 Protected [producer.linger.ms 1000 → 63]",
		"3→4 OperatorSet [producer.linger.ms 63 → 1000]", "4→5 Protected [producer.linger.ms 1000 → 63]",
	}, w.journal())
}

// A leader is stopped (kill -STOP) in the middle of its work until another has taken over, and woken up: it writes nothing.
func TestALeaderThatWakesUpWritesNothing(t *testing.T) {
	w, program := newWorld(t), binary(t)
	one := w.start(program, "one")
	eventually(t, "the first leads", func() bool { return w.leader() == "one" })
	one.signal(syscall.SIGSTOP)
	two := w.start(program, "two")
	eventually(t, "the second takes over and heals", func() bool { return w.leader() == "two" && w.linger.Load() == 63 && w.trialOver() })
	before := w.journal()
	one.signal(syscall.SIGCONT)
	eventually(t, "the first knows that it follows", func() bool {
		_, body := one.get("/metrics")
		return contains(body, `veltrix_leader{app="hunt"} 0`)
	})
	time.Sleep(3 * time.Second)
	require.Equal(t, before, w.journal())
	require.Equal(t, "two", w.leader())
	two.signal(syscall.SIGTERM)
	require.NoError(t, two.cmd.Wait(), "a polite end exits with 0")
	eventually(t, "the first leads again", func() bool { return w.leader() == "one" })
}
