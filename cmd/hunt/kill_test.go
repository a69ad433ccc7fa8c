package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/internal/kafkatest"
)

//nolint:gochecknoglobals // a flag of the test binary
var kills = flag.Int("kills", 3, "how often TestKilledInstancesKeepTheirPromises kills an instance; 30 for a soak")

// Three instances on a real Kafka are killed (kill -9) one after the other while players claim at all of them, and started
// again. Whatever players were told stays true: the whole history of requests and answers is checked, and held against what
// every instance, and one that begins when all others are gone, says in the end.
func TestKilledInstancesKeepTheirPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes most of a minute")
	}
	kafka := kafkatest.Start(t, kafkatest.Options{Brokers: 1})
	w := newWorld(t, kafka.Bootstrap())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	names := []string{"one", "two", "three"}
	for _, name := range names {
		w.start(name)
	}
	for _, name := range names {
		w.ready(name)
	}
	hunts := []string{w.hide(names[0]), w.hide(names[1])}

	players := newPlayers(w, hunts, seed)
	for i := range *kills {
		time.Sleep(500*time.Millisecond + time.Duration(rng.Int64N(int64(time.Second))))
		name := names[i%len(names)]
		w.kill(name)
		w.start(name)
		w.ready(name)
	}
	time.Sleep(time.Second)
	h := players.stop()

	for _, name := range names {
		h.endings = append(h.endings, w.ending(name, hunts)...)
	}
	for _, name := range names {
		w.stop(name)
	}
	w.start("four")
	w.ready("four")
	h.endings = append(h.endings, w.ending("four", hunts)...)
	summary := h.summary()
	t.Logf("%+v", summary)
	require.Empty(t, h.faults())
	require.Greater(t, summary.won, 100, "there was traffic")
	require.Positive(t, summary.taken)
	require.Positive(t, summary.wrong)
	require.Positive(t, summary.unknown, "the kills were noticed")
	require.Positive(t, summary.readings)
}

// counts say what a history is made of.
type counts struct{ attempts, won, taken, wrong, unknown, readings int }

func (h history) summary() counts {
	c := counts{attempts: len(h.attempts), readings: len(h.readings)}
	for _, a := range h.attempts {
		switch {
		case !a.known():
			c.unknown++
		case a.outcome == "won":
			c.won++
		case a.outcome == "taken":
			c.taken++
		case a.outcome == "wrong":
			c.wrong++
		}
	}
	return c
}

// The game that is played here.
const (
	playersInAll = 8
	treasures    = 1000 // of each hunt
	worth        = 10
)

// players claim at all instances until they are stopped, and write down what they ask and are told.
type players struct {
	world   *world
	hunts   []string
	ending  chan struct{}
	playing sync.WaitGroup

	mu      sync.Mutex // guards history and guesses
	history history
	guesses int
}

// newPlayers begins to play.
func newPlayers(w *world, hunts []string, seed uint64) *players {
	p := &players{world: w, hunts: hunts, ending: make(chan struct{}), history: history{worth: worth, limit: hunt.MaxAttempts}}
	for i := range playersInAll {
		p.playing.Go(func() { p.play(fmt.Sprint("p", i), rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	p.playing.Go(func() { p.read(rand.New(rand.NewPCG(seed, playersInAll))) })
	return p
}

// stop ends the game and returns its history.
func (p *players) stop() history {
	close(p.ending)
	p.playing.Wait()
	return p.history
}

// pause waits a moment; false if the game has ended.
func (p *players) pause(d time.Duration) bool {
	select {
	case <-p.ending:
		return false
	case <-time.After(d):
		return true
	}
}

// play claims one treasure after the other, which all players want. What gets no answer is asked again with the same key, at
// any instance, or given up; some of what was answered is asked again too.
func (p *players) play(player string, rng *rand.Rand) {
	for p.pause(5 * time.Millisecond) {
		g := p.next(player, rng)
		for range 8 {
			a := p.world.claim(g, rng)
			p.mu.Lock()
			p.history.attempts = append(p.history.attempts, a)
			p.mu.Unlock()
			again := 0.8
			if a.known() {
				again = 0.05
			}
			if rng.Float64() > again || !p.pause(time.Duration(rng.IntN(50))*time.Millisecond) {
				break
			}
		}
	}
}

// next returns a new guess.
func (p *players) next(player string, rng *rand.Rand) guess {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.guesses++
	return guess{
		key: fmt.Sprint(player, "-", p.guesses), hunt: p.hunts[p.guesses%len(p.hunts)], player: player,
		treasure: fmt.Sprint("t", p.guesses/playersInAll%treasures), right: rng.Float64() < 0.7,
	}
}

// read looks at leaderboards of instances that say they are ready.
func (p *players) read(rng *rand.Rand) {
	for p.pause(20 * time.Millisecond) {
		i, ready := p.world.any(rng)
		r := reading{instance: i.name, hunt: p.hunts[rng.IntN(len(p.hunts))], begin: time.Now()}
		if !ready {
			continue
		}
		var status int
		if status, r.points = i.board(r.hunt); status != http.StatusOK {
			continue // it was killed meanwhile
		}
		p.mu.Lock()
		p.history.readings = append(p.history.readings, r)
		p.mu.Unlock()
	}
}

// kill ends an instance as a power failure would.
func (w *world) kill(name string) { w.end(name, syscall.SIGKILL) }

// stop ends it in order.
func (w *world) stop(name string) { w.end(name, syscall.SIGTERM) }
