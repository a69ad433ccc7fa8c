package simulation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/simulation"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// TestNoLimitCycle: on every shape of day, with every noise, no setting turns around more often than its budget of
// two an hour, both of which are kept for protecting, and once more if that is a take-back, which is never refused.
func TestNoLimitCycle(t *testing.T) {
	turned := map[int]int{}
	each(t, *seeds, func(t *testing.T, seed uint64) {
		for i, shape := range simulation.Shapes() {
			w := simulation.New(simulation.Options{
				Seed: seed, Shape: shape, Noise: simulation.Noises()[(int(seed)+i)%3], Spread: 0.058, Goal: true, AckDelay: 1, Loss: 0.02, //nolint:gosec // small
			})
			w.Plant.PerRequest *= float64(1 + 20*(seed%2))
			w.Run(24 * time.Hour)
			n := turnsAnHour(w.Writes)
			turned[n]++
			require.LessOrEqual(t, n, w.Config.ReversalsPerHour+1, "%s", shape.Name)
		}
	})
	t.Logf("days by the most reversals of a setting within an hour: %v", turned)
}

// TestSteadyPlantsDoNotCycle: a limit cycle needs no disturbance. Under a load that stays the same, from settings that
// break the objective and on to what optimising finds, no setting turns around more than once within an hour, also where
// single scrapes stray by many times the noise.
func TestSteadyPlantsDoNotCycle(t *testing.T) {
	turned := map[int]int{}
	each(t, 25**seeds, func(t *testing.T, seed uint64) {
		w, fault := disturbed(seed)
		w.Config.Goal = tuner.Minimize
		w.Run(6 * time.Hour)
		n := turnsAnHour(w.Writes)
		turned[n]++
		require.LessOrEqual(t, n, 1, "%s, %s: %v", fault, simulation.Noises()[seed%2], w.Writes)
	})
	t.Logf("plants by the most reversals of a setting within an hour: %v", turned)
}

// turnsAnHour is the largest number of reversals of one setting within an hour. A move the other way that comes an hour
// after the last one is no reversal.
func turnsAnHour(writes []tuner.Decision) int {
	type move struct {
		up bool
		at time.Time
	}
	last := map[settings.Name]move{}
	turns := map[settings.Name][]time.Time{}
	for _, d := range writes {
		for _, s := range d.Steps {
			to := s.To
			if !to.IsSet() {
				row, _ := settings.Lookup(s.Setting)
				to = row.Default
			}
			up := to.Int() > s.From.Int()
			before, moved := last[s.Setting]
			if moved && before.up != up && d.Time.Sub(before.at) < time.Hour {
				turns[s.Setting] = append(turns[s.Setting], d.Time)
			}
			last[s.Setting] = move{up, d.Time}
		}
	}
	most := 0
	for _, times := range turns {
		for i := range times {
			n := 0
			for _, later := range times[i:] {
				if later.Sub(times[i]) < time.Hour {
					n++
				}
			}
			most = max(most, n)
		}
	}
	return most
}
