package simulation_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/simulation"
	"github.com/veltrix/veltrix/internal/simulation/packs"
	"github.com/veltrix/veltrix/tuner"
)

// TestThePacksRescue is TestRescueTakesThreeSteps with the shipped packs, asked in PromQL. At every tick it asks the
// simulation's own signals, too: those that ten thousand plants run with have to be the packs', in what fires and in where
// it leads to.
func TestThePacksRescue(t *testing.T) {
	rescued, broken := 0, 0
	c := comparison{}
	each(t, 6**seeds, func(t *testing.T, seed uint64) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w, fault := disturbed(seed)
			c.Rules = packs.New(t, w.Config.Interval, w.Config.LongestRange, time.Duration(w.Delay)*w.Config.Interval)
			w.Rules = &c
			w.Tick()
			if _, requests := w.Plant.Best(w.Tuned(), w.Load(), simulation.Limit); w.Truth.P99 <= simulation.Limit || requests > 1e9 {
				return
			}
			broken++
			w.Run(10 * time.Minute)
			n := w.Count(string(tuner.Protected))
			if w.Truth.P99 <= simulation.Limit && n <= 3 {
				rescued++
				return
			}
			t.Logf("%s: p99 %.3f after %d steps, linger %.3f s, %s", fault, w.Truth.P99, n, w.Tuned().Linger, w.Last)
		})
	})
	t.Logf("%d of %d broken plants within three steps", rescued, broken)
	require.NotZero(t, broken)
	require.GreaterOrEqual(t, float64(rescued), 0.95*float64(broken))
	c.requireAlike(t)
}

// comparison hears both, and obeys the packs.
type comparison struct {
	simulation.Rules

	both, alone int
	// apart are the factors between two operands, 1 or more.
	apart []float64
}

// Signals implements [simulation.Rules].
func (c *comparison) Signals(now time.Time, own []tuner.Signal) []tuner.Signal {
	fired := c.Rules.Signals(now, own)
	operands := map[string]float64{}
	for _, s := range own {
		operands[s.Rule] = s.Actions[0].Operand
	}
	for _, s := range fired {
		operand, ok := operands[s.Rule]
		delete(operands, s.Rule)
		if !ok {
			c.alone++
			continue
		}
		c.both++
		c.apart = append(c.apart, math.Exp(math.Abs(math.Log(operand/s.Actions[0].Operand))))
	}
	c.alone += len(operands)
	return fired
}

// requireAlike leaves room for the rules' for, which the simulation leaves out, and for the ticks after a change, when its
// mean of scrapes and a rate over the same range are not the same.
func (c *comparison) requireAlike(t *testing.T) {
	t.Helper()
	require.NotEmpty(t, c.apart)
	slices.Sort(c.apart)
	apart := c.apart[len(c.apart)*95/100]
	t.Logf("%d times a rule fired in both, %d times in one alone; operands apart by a factor of %.3f at most in 95 of 100", c.both, c.alone, apart)
	require.LessOrEqual(t, c.alone, c.both/10)
	require.LessOrEqual(t, apart, 1.1)
}
