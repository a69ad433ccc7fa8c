package tuner

import "fmt"

// enoughReadings is the least number of settled readings for any judgement but a clear success.
const enoughReadings = 3

// patience is the number of readings after which a protecting step that still gets better has to have helped.
const patience = 24

// judge decides over a settled trial: kept, taken back, or watched for longer.
func (t *tick) judge(trial *Trial) outcome {
	if trial.Class == ClassProtect {
		return t.judgeProtect(trial)
	}
	if trial.Class == ClassOptimize {
		return t.judgeGoal(trial)
	}
	return t.judgeCareful(trial)
}

// judgeCareful keeps a step that was not meant to help as long as it does no harm.
func (t *tick) judgeCareful(trial *Trial) outcome {
	if len(t.broken) > 0 || len(trial.Readings) < enoughReadings {
		return t.judging(trial, enoughReadings)
	}
	return t.keepUnharmed(trial, "every objective holds with it")
}

// keepUnharmed keeps a careful step unless it did harm, and watches on while that is not clear.
func (t *tick) keepUnharmed(trial *Trial, text string) outcome {
	harm, why := t.harm(trial)
	switch {
	case harm == Worse:
		return t.takeBack(TakenBackWorse, why)
	case harm == Undecided && len(trial.Readings) < maxReadings:
		return t.judging(trial, enoughReadings)
	case harm == Undecided:
		text += ", and none was shown to be worse"
	}
	return t.keep(trial, text)
}

// harm says whether a careful step made an objective worse that is no longer inside its margin. What an objective
// loses inside the margin is the price that the step was meant to pay. Readings at another load than before the step
// are left out: they say nothing about it.
func (t *tick) harm(trial *Trial) (Finding, string) {
	before, after := t.matched(trial, trial.Baseline), t.matched(trial, trial.Readings)
	found := Unharmed
	for _, o := range t.cfg.Objectives {
		values := valuesOf(after, o.Name)
		if len(values) == 0 || o.inside(quantile(values, (2+o.badness())/4), t.cfg.Margin) {
			continue
		}
		c := Contrast{Before: valuesOf(before, o.Name), After: values, Badness: o.badness(), Overlap: t.overlap()}
		switch c.Find() {
		case Worse:
			return Worse, fmt.Sprintf("%s went from %.4g to %.4g, outside its margin", o.Name, median(c.Before), median(c.After))
		case Undecided:
			found = Undecided
		case Unharmed:
		}
	}
	return found, ""
}

// matched returns the samples at the load of the trial's baseline.
func (t *tick) matched(trial *Trial, samples []Sample) []Sample {
	if len(trial.Baseline) == 0 {
		return nil
	}
	load := medianLoad(trial.Baseline)
	return dropIf(samples, func(s Sample) bool { return t.shifted(load, s.Load) })
}

// overlap is how many readings share a measurement.
func (t *tick) overlap() float64 {
	return max(1, float64(t.cfg.LongestRange)/float64(t.cfg.Interval))
}

// judgeProtect keeps a step as soon as it is seen to help. If the objective is still broken then, the next step may
// follow in the same tick.
func (t *tick) judgeProtect(trial *Trial) outcome {
	if len(t.broken) == 0 {
		return t.keep(trial, "every objective holds again")
	}
	v, why := t.compare(trial)
	early := len(trial.Readings) < enoughReadings
	switch {
	case v == better, v == unclear, v == censored, v == thin && !early:
		t.kept = t.keep(trial, why)
		return outcome{}
	case early, v == recovering && len(trial.Readings) < patience:
		return t.judging(trial, enoughReadings)
	case v == worse:
		return t.takeBack(TakenBackWorse, why)
	}
	return t.takeBack(TakenBackNoHelp, why)
}

func (t *tick) judging(trial *Trial, enough int) outcome {
	detail := fmt.Sprintf("%d of %d readings", len(trial.Readings), enough)
	if len(trial.Readings) >= enough {
		detail = fmt.Sprintf("%d readings, not yet clear", len(trial.Readings))
	}
	return outcome{reason: Judging, rule: trial.Rule, detail: detail}
}

func (t *tick) keep(trial *Trial, why string) outcome {
	t.pardon(trial)
	t.endTrial()
	return outcome{reason: Kept, rule: trial.Rule, detail: why}
}
