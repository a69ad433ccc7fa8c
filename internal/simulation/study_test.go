package simulation_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/veltrix/veltrix/internal/simulation"
	"github.com/veltrix/veltrix/tuner"
)

// TestPublishedStudyIsFresh judges one row of docs/judge.md anew: whoever changes the judgement publishes it anew. The row
// has to reach the targets, too.
func TestPublishedStudyIsFresh(t *testing.T) {
	page, err := os.ReadFile("../../docs/judge.md")
	require.NoError(t, err)
	row, results := simulation.PublishedRow(simulation.Gaussian, 6)
	require.Contains(t, string(page), row, "run make judge, read what changed, and commit it")
	for _, r := range results {
		share := r.Share(120)
		switch r.Change {
		case simulation.NoChange:
			require.LessOrEqual(t, share, 0.01)
		case simulation.TenthWorse, simulation.Errors:
			require.GreaterOrEqual(t, share, 0.95, "%s", r.Change)
		case simulation.Variance:
			require.GreaterOrEqual(t, share, 0.90)
		}
	}
}

// TestRanksAgreeWithGonum: the area under gonum's ROC curve is the share of pairs in which the reading after is larger,
// which the tuner's statistic standardises; its shift lies between the differences of the quartiles.
func TestRanksAgreeWithGonum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable, not secret
	for range 100 {
		before, after := make([]float64, 40), make([]float64, 60)
		for i := range before {
			before[i] = float64(random.IntN(30))
		}
		for i := range after {
			after[i] = float64(random.IntN(40))
		}
		require.InDelta(t, area(before, after), tuner.Contrast{Before: before, After: after, Badness: 1}.Larger(), 1e-9)

		slices.Sort(before)
		slices.Sort(after)
		shift := tuner.Contrast{Before: before, After: after}.Shift()
		middle := stat.Quantile(0.5, stat.Empirical, after, nil) - stat.Quantile(0.5, stat.Empirical, before, nil)
		require.InDelta(t, middle, shift, 8)
	}
}

func area(before, after []float64) float64 {
	type point struct {
		value float64
		after bool
	}
	var all []point
	for _, v := range before {
		all = append(all, point{v, false})
	}
	for _, v := range after {
		all = append(all, point{v, true})
	}
	slices.SortFunc(all, func(a, b point) int {
		if a.value < b.value {
			return -1
		}
		if a.value > b.value {
			return 1
		}
		return 0
	})
	values, classes := make([]float64, len(all)), make([]bool, len(all))
	for i, p := range all {
		values[i], classes[i] = p.value, p.after
	}
	right, wrong, _ := stat.ROC(nil, values, classes, nil)
	return integrate.Trapezoidal(wrong, right)
}
