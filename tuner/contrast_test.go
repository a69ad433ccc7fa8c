package tuner_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/tuner"
)

// TestContrastIsThreeValued: it says worse or unharmed only where that is clear, and never before it is time to look.
func TestContrastIsThreeValued(t *testing.T) {
	same := around(120, 1, 0.05)
	for _, c := range []struct {
		name          string
		before, after []float64
		badness       float64
		want          tuner.Finding
	}{
		{"a tenth worse", same, around(120, 1.1, 0.05), 1, tuner.Worse},
		{"a tenth less of what should be much", same, around(120, 0.9, 0.05), -1, tuner.Worse},
		{"a tenth better", same, around(120, 0.9, 0.05), 1, tuner.Unharmed},
		{"the same", same, around(120, 1, 0.05), 1, tuner.Unharmed},
		{"the same level, three times the variance", same, around(120, 1, 0.087), 1, tuner.Worse},
		{"errors where there were none", make([]float64, 120), sparse(120, 4), 1, tuner.Worse},
		{"no errors before and after", make([]float64, 120), make([]float64, 120), 1, tuner.Undecided},
		{"better, but it is soon", same, around(12, 0.5, 0.001), 1, tuner.Undecided},
		{"better and a little wider, perhaps by chance", same, around(60, 0.8, 0.055), 1, tuner.Undecided},
		{"better and no wider", same, around(60, 0.8, 0.01), 1, tuner.Unharmed},
		{"not a time to look", same, around(119, 2, 0.05), 1, tuner.Undecided},
		{"too little before", same[:11], around(120, 2, 0.05), 1, tuner.Undecided},
		{"certain, and too little to care", around(120, 1, 0.001), around(120, 1.01, 0.001), 1, tuner.Unharmed},
	} {
		got := tuner.Contrast{Before: c.before, After: c.after, Badness: c.badness, Overlap: 1}.Find()
		require.Equal(t, c.want, got, c.name)
	}
}

// TestContrastKnowsOverlap: readings that share measurements tell less than their number says.
func TestContrastKnowsOverlap(t *testing.T) {
	c := tuner.Contrast{Before: around(120, 1, 0.05), After: around(12, 1.1, 0.05), Badness: 1, Overlap: 1}
	require.Equal(t, tuner.Worse, c.Find())
	c.Overlap = 12
	require.Equal(t, tuner.Undecided, c.Find())
}

// Without readings on one side nothing has shifted.
func TestNothingShiftsWithoutReadings(t *testing.T) {
	require.Zero(t, tuner.Contrast{}.Shift())
	require.Zero(t, tuner.Contrast{Before: []float64{1, 2}}.Shift())
}

func around(n int, middle, spread float64) []float64 {
	random := rand.New(rand.NewPCG(uint64(n), uint64(1000*middle))) //nolint:gosec // repeatable, not secret
	values := make([]float64, n)
	for i := range values {
		values[i] = middle + spread*random.NormFloat64()
	}
	return values
}

func sparse(n, every int) []float64 {
	values := make([]float64, n)
	for i := 0; i < n; i += every {
		values[i] = 0.01
	}
	return values
}
