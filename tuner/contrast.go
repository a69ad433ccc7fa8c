package tuner

import (
	"cmp"
	"math"
	"slices"
)

// Finding is what a [Contrast] comes to.
type Finding int

// The findings. Undecided asks for more readings; after the last look it means that nothing was shown.
const (
	Undecided Finding = iota
	Unharmed          // it is clearly not worse by a tenth
	Worse             // it is clearly worse
)

// Contrast compares the readings of one objective before and after a change. It looks at four fixed numbers of readings
// only, so that looking often does not find by chance what is not there.
//
//   - The level is compared by ranks (Mann and Whitney, with correction for ties): no outlier, no skewed tail and no
//     excess of zeros misleads it. The shift that it shows, by Hodges and Lehmann, must also be worth speaking of.
//   - The spread is compared by squared ranks of the successive differences (Conover), which neither a trend nor a
//     shifted level moves.
//
// docs/judge.md has its false-alarm rate and power.
type Contrast struct {
	// Before and After are readings in the order of time.
	Before, After []float64
	// Badness is 1 if larger readings are worse, -1 if smaller ones are.
	Badness float64
	// Overlap is the number of readings that share one measurement: the range of the query by the interval. Readings
	// that overlap tell less than their number says.
	Overlap float64
}

// look is one of the times at which a contrast may be decided.
type look struct {
	readings      int
	level, spread float64 // how many standard deviations are too many
}

// The looks spend, one-sided, 0.7 % of false alarms in all if readings are normal: little early, most at the end.
const (
	firstLook  = 12
	lastLook   = 120
	neverSo    = math.MaxFloat64
	clearlyNot = 2.33 // one-sided 1 %: a change that is worse by unharmedBy is not passed
	unharmedBy = 0.10
	leastShift = 0.03 // of the median before: a smaller one is not worth a take-back, however certain
	leastRatio = 1.2  // of the spreads
	// differencesOverlap is by how much the variance of ranks grows because neighbouring differences share a reading.
	differencesOverlap = 1.5
)

func lookAt(readings int) (look, bool) {
	switch readings {
	case firstLook:
		return look{firstLook, 3.5, neverSo}, true
	case 24:
		return look{24, 3.3, neverSo}, true
	case 60:
		return look{60, 3.0, 3.3}, true
	case lastLook:
		return look{lastLook, 2.7, 2.8}, true
	}
	return look{}, false
}

// Find looks, if it is time to.
func (c Contrast) Find() Finding {
	l, due := lookAt(len(c.After))
	if !due || len(c.Before) < firstLook {
		return Undecided
	}
	base := median(c.Before)
	if z := c.level(0); z > l.level && c.Badness*c.Shift() >= leastShift*math.Abs(base) {
		return Worse
	}
	if l.spread == neverSo {
		return Undecided
	}
	spread := c.spread()
	switch {
	case spread > l.spread && c.wider():
		return Worse
	case spread > 0 && l.readings < lastLook:
		return Undecided // it has grown, perhaps by chance
	case base != 0 && c.level(unharmedBy*math.Abs(base)) < -clearlyNot:
		return Unharmed
	}
	return Undecided
}

// level is by how many standard deviations the readings after, taken to be allowance less bad, rank worse. It is NaN, with
// which no comparison holds, if all are equal.
func (c Contrast) level(allowance float64) float64 {
	n, m := float64(len(c.Before)), float64(len(c.After))
	larger, ties := c.larger(allowance)
	count := n + m
	variance := n * m / 12 * (count + 1 - ties/(count*(count-1))) * max(1, c.Overlap)
	return (larger - 0.5) * n * m / math.Sqrt(variance)
}

// Larger is the share of pairs, one reading before and one after, in which the latter is worse; equal ones count half.
func (c Contrast) Larger() float64 {
	share, _ := c.larger(0)
	return share
}

func (c Contrast) larger(allowance float64) (share, ties float64) {
	all := make([]ranked, 0, len(c.Before)+len(c.After))
	for _, v := range c.Before {
		all = append(all, ranked{value: c.Badness * v})
	}
	for _, v := range c.After {
		all = append(all, ranked{value: c.Badness*v - allowance, after: true})
	}
	ties = rank(all)
	sum := 0.0
	for _, r := range all {
		if r.after {
			sum += r.rank
		}
	}
	n, m := float64(len(c.Before)), float64(len(c.After))
	return (sum - m*(m+1)/2) / (n * m), ties
}

// Shift is the median of all differences between a reading after and one before.
func (c Contrast) Shift() float64 {
	differences := make([]float64, 0, len(c.Before)*len(c.After))
	for _, a := range c.After {
		for _, b := range c.Before {
			differences = append(differences, a-b)
		}
	}
	if len(differences) == 0 {
		return 0
	}
	return median(differences)
}

// spread is by how many standard deviations the squared ranks of the differences after exceed those before; NaN if all are
// equal.
func (c Contrast) spread() float64 {
	before, after := differences(c.Before), differences(c.After)
	all := make([]ranked, 0, len(before)+len(after))
	for _, v := range before {
		all = append(all, ranked{value: v})
	}
	for _, v := range after {
		all = append(all, ranked{value: v, after: true})
	}
	rank(all)
	var sum, squares, fourths float64
	for _, r := range all {
		square := r.rank * r.rank
		squares += square
		fourths += square * square
		if r.after {
			sum += square
		}
	}
	n, m := float64(len(before)), float64(len(after))
	count := n + m
	mean := squares / count
	variance := n * m / (count * (count - 1)) * (fourths - count*mean*mean) * differencesOverlap
	return (sum - m*mean) / math.Sqrt(variance)
}

// wider says whether the differences have grown by as much as is worth speaking of.
func (c Contrast) wider() bool {
	return median(differences(c.After)) >= leastRatio*median(differences(c.Before))
}

// differences returns how far apart successive readings are.
func differences(values []float64) []float64 {
	apart := make([]float64, 0, len(values))
	for i := 1; i < len(values); i++ {
		apart = append(apart, math.Abs(values[i]-values[i-1]))
	}
	return apart
}

type ranked struct {
	value, rank float64
	after       bool
}

// rank sorts the values and gives each its rank, equal ones the mean of theirs. It returns the sum of t³ - t over the
// groups of t equal values.
func rank(all []ranked) (ties float64) {
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.value, b.value) })
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].value == all[i].value {
			j++
		}
		for k := i; k < j; k++ {
			all[k].rank = float64(i+j+1) / 2
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	return ties
}
