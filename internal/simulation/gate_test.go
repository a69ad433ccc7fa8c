package simulation_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/simulation"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

//nolint:gochecknoglobals // flags of the test binary
var (
	seeds = flag.Uint64("seeds", 2, "how many plants each test of the gate tries; quick ones try up to 50 times as many")
	first = flag.Uint64("first", 1, "the first seed")
)

// each runs the test for every seed, and names the seed if it fails.
func each(t *testing.T, n uint64, test func(t *testing.T, seed uint64)) {
	t.Helper()
	t.Logf("seeds %d … %d", *first, *first+n-1)
	for seed := *first; seed < *first+n; seed++ {
		test(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// disturbed is a world with a fault of one of three kinds, drawn from the seed: a linger that is far too long, none at
// all before brokers that are far too slow, or a day's worth of load more than such brokers serve without batches.
func disturbed(seed uint64) (*simulation.World, string) {
	random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // repeatable, not secret
	noise := simulation.Noises()[seed%2]     // bursts break the objective by themselves
	w := simulation.New(simulation.Options{Seed: seed, Noise: noise, Spread: 0.058, Delay: random.IntN(2), Loss: 0.02, AckDelay: random.IntN(3)})
	switch seed % 3 {
	case 0:
		w.Set(settings.Values{settings.ProducerLingerMs: settings.Number(200 + random.Int64N(4000))})
		return w, "linger"
	case 1:
		w.Set(settings.Values{settings.ProducerLingerMs: settings.Number(0)})
		w.Plant.PerRequest *= 20 + 30*random.Float64()
		return w, "slow brokers"
	default:
		w.Set(settings.Values{settings.ProducerLingerMs: settings.Number(0)})
		w.Plant.PerRequest *= 20
		w.Base *= 3 + 5*random.Float64()
		return w, "load"
	}
}

// TestRescueTakesThreeSteps: from a broken objective back to one that holds in at most three steps, in 95 of 100 plants
// that any linger can rescue.
func TestRescueTakesThreeSteps(t *testing.T) {
	rescued, silent, broken := 0, 0, 0
	steps := map[int]int{}
	each(t, 50**seeds, func(t *testing.T, seed uint64) {
		w, fault := disturbed(seed)
		w.Tick()
		if _, requests := w.Plant.Best(w.Tuned(), w.Load(), simulation.Limit); w.Truth.P99 <= simulation.Limit || requests > 1e9 {
			return
		}
		broken++
		w.Run(20 * time.Minute)
		n := w.Count(string(tuner.Protected))
		steps[n]++
		switch {
		case w.Truth.P99 <= simulation.Limit && n <= 3:
			rescued++
			return
		case w.Last.Reason == tuner.NoActionLeft:
			silent++
		}
		t.Logf("seed %d, %s: p99 %.3f after %d steps, linger %.3f s, %s", seed, fault, w.Truth.P99, n, w.Tuned().Linger, w.Last)
	})
	t.Logf("%d of %d broken plants within three steps; no rule had a step for %d; steps: %v", rescued, broken, silent, steps)
	require.NotZero(t, broken)
	require.GreaterOrEqual(t, float64(rescued), 0.95*float64(broken))
}

// TestKnownLoadTakesOneStep: in a square wave whose halves want different settings, each change of load is answered
// by one step once both halves are known. Plants that no linger or no rule rescues are left out, and named.
func TestKnownLoadTakesOneStep(t *testing.T) {
	tried := 0
	each(t, 4**seeds, func(t *testing.T, seed uint64) {
		busy := func(at time.Duration) bool { return at%(4*time.Hour) >= 2*time.Hour }
		shape := simulation.Shape{
			Name: "square",
			Load: func(at time.Duration) float64 {
				if busy(at) {
					return 6
				}
				return 1
			},
			Slow: func(at time.Duration) float64 {
				if busy(at) {
					return 20
				}
				return 1
			},
		}
		w := simulation.New(simulation.Options{Seed: seed, Shape: shape, Spread: 0.03})
		w.Set(settings.Values{settings.ProducerLingerMs: settings.Number(1)})
		hard := w.Plant
		hard.Slow = 20
		if _, requests := hard.Best(w.Tuned(), 6*w.Base, 0.8*simulation.Limit); requests > 1e9 {
			t.Logf("seed %d: no linger holds, left out", seed)
			return
		}
		w.Run(12 * time.Hour)
		if w.Last.Reason == tuner.NoActionLeft {
			t.Logf("seed %d: no rule leads to a linger that holds, left out", seed)
			return
		}
		tried++
		for range 6 {
			before := len(w.Writes)
			w.Run(2 * time.Hour)
			require.LessOrEqual(t, len(w.Writes)-before, 1, "%v", w.Writes)
			require.LessOrEqual(t, w.Truth.P99, simulation.Limit)
		}
	})
	require.NotZero(t, tried)
}

// TestQuietDayWritesNothing: 24 hours at a tenth of noise after the loop has found its settings, with a goal and
// without.
func TestQuietDayWritesNothing(t *testing.T) {
	each(t, *seeds, func(t *testing.T, seed uint64) {
		for _, goal := range []bool{false, true} {
			w := simulation.New(simulation.Options{Seed: seed, Spread: 0.058, Goal: goal, Loss: 0.01, Delay: 1})
			w.Run(24 * time.Hour)
			before := len(w.Writes)
			w.Run(24 * time.Hour)
			require.Empty(t, w.Writes[before:], "goal %t", goal)
		}
	})
}

// TestBlindTicksWriteNothing: without readings nothing is written, however broken the application is, and the loop goes
// on within two ticks of the first readings.
func TestBlindTicksWriteNothing(t *testing.T) {
	each(t, *seeds, func(t *testing.T, seed uint64) {
		w := simulation.New(simulation.Options{Seed: seed, Spread: 0.02})
		w.Set(settings.Values{settings.ProducerLingerMs: settings.Number(300)})
		w.Blind = true
		w.Run(time.Hour)
		require.Empty(t, w.Writes)
		require.Equal(t, tuner.Blind, w.Last.Reason)
		w.Blind = false
		w.Run(2 * w.Config.Interval)
		require.Len(t, w.Writes, 1)
	})
}

// TestRestartChangesNothing: with a new leader at any tick, here at a tenth of them, the same is decided.
func TestRestartChangesNothing(t *testing.T) {
	each(t, *seeds, func(t *testing.T, seed uint64) {
		o := simulation.Options{Seed: seed, Shape: simulation.Shapes()[8], Spread: 0.05, Goal: true, AckDelay: 2, Loss: 0.05}
		without, with := simulation.New(o), simulation.New(o)
		random := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // repeatable, not secret
		with.Restart = func(int) bool { return random.IntN(10) == 0 }
		for range int(6 * time.Hour / without.Config.Interval) {
			without.Tick()
			with.Tick()
			require.Equal(t, without.Last.String(), with.Last.String(), "at %s", without.Now)
		}
		require.NotEmpty(t, without.Writes)
	})
}

// TestCostComesNearTheBest: at the end of every phase of a day that is long enough to converge, requests are within 5 % of the
// fewest that any linger asks for inside the objective and its margin.
func TestCostComesNearTheBest(t *testing.T) {
	ends := map[string][]time.Duration{
		"quiet":       {24 * time.Hour},
		"step":        {6 * time.Hour, 14 * time.Hour, 24 * time.Hour},
		"spike":       {3*time.Hour + 50*time.Minute, 11*time.Hour + 50*time.Minute, 23*time.Hour + 50*time.Minute},
		"slow broker": {8 * time.Hour, 12 * time.Hour, 24 * time.Hour},
	}
	phases, near, sum := 0, 0, 0.0
	each(t, *seeds, func(t *testing.T, seed uint64) {
		for _, shape := range simulation.Shapes() {
			w := simulation.New(simulation.Options{Seed: seed, Shape: shape, Spread: 0.058, Goal: true, Loss: 0.01})
			for _, end := range ends[shape.Name] {
				w.Run(end - w.Now.Sub(simulation.Begin()))
				best, fewest := w.Plant.Best(w.Tuned(), w.Offered, (1-w.Config.Margin)*simulation.Limit)
				distance := w.Truth.Requests/fewest - 1
				require.LessOrEqual(t, w.Truth.P99, simulation.Limit, "%s, to %s", shape.Name, end)
				phases++
				sum += distance
				if distance <= 0.05 {
					near++
					continue
				}
				t.Logf("%s, seed %d, to %s: linger %.0f ms, best %d, %.1f %% more requests, %s", shape.Name, seed, end, 1000*w.Tuned().Linger, best, 100*distance, w.Last)
			}
		}
	})
	t.Logf("%d of %d phases within 5 %%, mean distance %.1f %%", near, phases, 100*sum/float64(phases))
	require.GreaterOrEqual(t, float64(near), 0.9*float64(phases))
}

// TestConstantTimeoutsProtect: where every request times out, latency stands still at its ceiling. That is never
// taken for steady: nothing is relaxed or optimised.
func TestConstantTimeoutsProtect(t *testing.T) {
	each(t, *seeds, func(t *testing.T, seed uint64) {
		w := simulation.New(simulation.Options{Seed: seed, Goal: true})
		w.Set(settings.Values{settings.ProducerRequestTimeoutMs: settings.Number(5000)})
		w.Stuck = true
		w.Run(6 * time.Hour)
		require.NotZero(t, w.Count(string(tuner.Protected)))
		for _, careful := range []tuner.Reason{tuner.Relaxed, tuner.Optimized, tuner.Recalled} {
			require.Zero(t, w.Count(string(careful)), fmt.Sprint(careful))
		}
	})
}
