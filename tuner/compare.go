package tuner

import (
	"fmt"
	"math"
	"slices"
)

// verdict is what the comparison of a trial with its baseline comes to.
type verdict int

const (
	unclear    verdict = iota // the comparison says nothing: the load moved, or there is no baseline
	same                      // nothing that matters changed
	thin                      // no better than the few readings from before, which were still of the onset
	recovering                // no better than before, but getting better from reading to reading
	censored                  // before and after, the readings are cut off: nobody can compare them
	better                    // a broken objective improved, and none got worse
	worse                     // an objective that held is broken, or a broken one got worse
)

// worseBy is the least relative deterioration that speaks against a protecting step. It is wider than the dead band:
// when an objective breaks, its readings are often still rising as the trial begins.
const worseBy = 0.25

// compare weighs the objectives that are or were broken, by robust statistics of the readings before and after. A
// newly broken objective outweighs everything; then one that got worse, then one that got better.
func (t *tick) compare(trial *Trial) (verdict, string) {
	if len(trial.Baseline) == 0 {
		return unclear, "there are no readings from before to compare with"
	}
	if t.loadShifted(trial) {
		return unclear, fmt.Sprintf("the load moved from %.4g to %.4g, so a comparison says nothing", medianLoad(trial.Baseline), medianLoad(trial.Readings))
	}
	result, why := unclear, ""
	for _, o := range t.cfg.Objectives {
		v, text := o.compare(valuesOf(trial.Baseline, o.Name), valuesOf(trial.Readings, o.Name), t.cfg.DeadBand)
		if text != "" && (v > result || why == "") {
			result, why = v, text
		}
	}
	return result, why
}

// compare weighs the readings of one objective.
func (o Objective) compare(before, after []float64, deadBand float64) (verdict, string) {
	if len(before) == 0 || len(after) == 0 {
		return unclear, ""
	}
	b, a := median(before), median(after)
	text := fmt.Sprintf("%s went from %.4g to %.4g", o.Name, b, a)
	switch {
	case o.censored(b) && o.censored(a):
		return censored, text + ", at its ceiling both times"
	case !o.broken(b) && !o.broken(a):
		return unclear, ""
	case !o.broken(b), o.censored(a):
		return worse, text
	case !o.broken(a), o.censored(b):
		return better, text
	}
	v := o.compareBroken(before, a, deadBand)
	switch {
	case v != better && o.improving(after, deadBand):
		return recovering, text + " and is still improving"
	case v != better && len(before) < enoughReadings:
		return thin, text + ", but there are too few readings from before"
	}
	return v, text
}

// improving says whether the newest readings are clearly better than the first after the trial settled: a backlog
// that is worked off keeps latency up for a while although the step was right.
func (o Objective) improving(after []float64, deadBand float64) bool {
	first := after[0]
	gain := o.badness() * (first - after[len(after)-1])
	return gain > 0 && gain >= deadBand*math.Abs(first)
}

// badness is 1 if larger readings are worse, else -1.
func (o Objective) badness() float64 {
	if o.Min != nil {
		return -1
	}
	return 1
}

// compareBroken compares an objective that was broken and still is. Better is a median that gained more than the
// dead band and beats three quarters of the readings before. Worse is one that lost more than worseBy and more than
// three times the spread before; where the readings were still getting worse as the trial began, it is compared with
// the last of them.
func (o Objective) compareBroken(before []float64, after, deadBand float64) verdict {
	sign := o.badness()
	b := median(before)
	if gain := sign * (b - after); gain >= deadBand*math.Abs(b) && gain > 0 && sign*(favourable(before, sign)-after) > 0 {
		return better
	}
	if last := before[len(before)-1]; sign*(last-b) > 0 {
		b = last
	}
	if loss := sign * (after - b); loss > worseBy*math.Abs(b) && loss > 3*spread(before) {
		return worse
	}
	return same
}

// favourable returns the quartile of the readings on the good side.
func favourable(values []float64, sign float64) float64 {
	if sign > 0 {
		return quantile(values, 0.25)
	}
	return quantile(values, 0.75)
}

// loadShifted says whether the load of the trial differs from its baseline's by more than the configured share.
func (t *tick) loadShifted(trial *Trial) bool {
	if len(trial.Baseline) == 0 {
		return false
	}
	before, now := medianLoad(trial.Baseline), t.in.Load.Value
	if len(trial.Readings) > 0 {
		now = medianLoad(trial.Readings)
	}
	return t.shifted(before, now)
}

func (t *tick) shifted(before, now float64) bool {
	return math.Abs(now-before) > t.cfg.LoadShift*math.Abs(before)
}

func valuesOf(samples []Sample, objective string) []float64 {
	values := make([]float64, 0, len(samples))
	for _, s := range samples {
		if v, ok := s.Objectives[objective]; ok {
			values = append(values, v)
		}
	}
	return values
}

func medianLoad(samples []Sample) float64 {
	loads := make([]float64, len(samples))
	for i, s := range samples {
		loads[i] = s.Load
	}
	return median(loads)
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the q-quantile, between neighbours in proportion. It must not be asked of no values.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}

// spread is the median absolute deviation, scaled to the standard deviation of a normal distribution.
func spread(values []float64) float64 {
	middle := median(values)
	deviations := make([]float64, len(values))
	for i, v := range values {
		deviations[i] = math.Abs(v - middle)
	}
	return 1.4826 * median(deviations)
}
