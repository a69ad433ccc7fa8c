package simulation

import (
	"math/rand/v2"
	"slices"

	"github.com/veltrix/veltrix/tuner"
)

// Change is what happens to an application between the two windows that the judge compares.
type Change int

// The changes of the study.
const (
	NoChange   Change = iota // A/A: nothing
	TenthWorse               // p99 + 10 %
	Errors                   // 0 → 1 % of the records fail, at 100 a second
	Variance                 // the level stays, the variance triples
)

// String names the change as docs/judge.md does.
func (c Change) String() string {
	return [...]string{"nothing (A/A)", "p99 + 10 %", "errors 0 → 1 %", "variance × 3"}[c]
}

// Changes are all changes.
func Changes() []Change { return []Change{NoChange, TenthWorse, Errors, Variance} }

const (
	// studySpread is the standard deviation of one scrape: that of an even ± 10 %.
	studySpread = 0.058
	// studyReadings is ten minutes at an interval of 5 s.
	studyReadings = 120
	// scrapeRecords is how many records a scrape of 5 s covers at 100 a second.
	scrapeRecords = 500
)

// Case is one row of the study.
type Case struct {
	Noise Noise
	// Overlap is how many scrapes the query's range covers: 1 for 5 s, 6 for 30 s, 12 for a minute.
	Overlap int
	Change  Change
}

// Result is what many trials of a case came to.
type Result struct {
	Case
	Trials int
	// Worse is how many were judged worse, Unharmed how many unharmed; the rest was undecided.
	Worse, Unharmed int
	// Readings are, for each that was judged worse, after how many readings; sorted.
	Readings []int
}

// Share is the share of trials that were judged worse within a number of readings.
func (r Result) Share(readings int) float64 {
	n, _ := slices.BinarySearch(r.Readings, readings+1)
	return float64(n) / float64(r.Trials)
}

// Study judges many independent trials of a case, as the tuner does: at each tick, until it is clear or ten minutes
// have passed.
func Study(c Case, trials int, seed uint64) Result {
	random := rand.New(rand.NewPCG(seed, uint64(100*int(c.Noise)+10*int(c.Change)+c.Overlap))) //nolint:gosec // repeatable, not secret
	r := Result{Case: c, Trials: trials}
	for range trials {
		series := c.series(random)
		contrast := tuner.Contrast{Before: series[:studyReadings], Badness: 1, Overlap: float64(c.Overlap)}
	judged:
		for n := 1; n <= studyReadings; n++ {
			contrast.After = series[studyReadings : studyReadings+n]
			switch contrast.Find() {
			case tuner.Worse:
				r.Worse++
				r.Readings = append(r.Readings, n)
				break judged
			case tuner.Unharmed:
				r.Unharmed++
				break judged
			case tuner.Undecided:
			}
		}
	}
	slices.Sort(r.Readings)
	return r
}

// series is two windows of readings. While the query's range covers both, nothing is read: the change settles.
func (c Case) series(random *rand.Rand) []float64 {
	source := NewSource(random, c.Noise, studySpread)
	scrapes := make([]float64, 0, 2*(studyReadings+c.Overlap))
	for range studyReadings + c.Overlap - 1 {
		scrapes = append(scrapes, c.before(source))
	}
	cut := len(scrapes)
	for range studyReadings + c.Overlap - 1 {
		scrapes = append(scrapes, c.after(random, source))
	}
	return append(means(scrapes[:cut], c.Overlap), means(scrapes[cut:], c.Overlap)...)
}

func (c Case) before(source *Source) float64 {
	if c.Change == Errors {
		return 0
	}
	return source.Around(1)
}

func (c Case) after(random *rand.Rand, source *Source) float64 {
	switch c.Change {
	case TenthWorse:
		return 1.1 * source.Around(1)
	case Errors:
		failed := 0
		for range scrapeRecords {
			if random.Float64() < 0.01 {
				failed++
			}
		}
		return float64(failed) / scrapeRecords
	case Variance:
		return max(0.1, 1+1.7320508*source.Next())
	case NoChange:
	}
	return source.Around(1)
}

// means are the moving means over n values.
func means(values []float64, n int) []float64 {
	moving := make([]float64, 0, len(values)-n+1)
	sum := 0.0
	for i, v := range values {
		sum += v
		if i >= n {
			sum -= values[i-n]
		}
		if i >= n-1 {
			moving = append(moving, max(0, sum/float64(n)))
		}
	}
	return moving
}
