package tuner

import (
	"fmt"
	"math"
)

// optimize follows an optimising rule along the goal, where everything that relaxing waits for is met. It states
// what the step may bring at best; judgeGoal compares.
func (t *tick) optimize() outcome {
	if !t.asks(ClassOptimize) {
		return outcome{}
	}
	if t.cfg.Goal == "" {
		t.overruleClass(ClassOptimize, NoGoal)
		return outcome{}
	}
	o := t.excluded()
	if o.reason == "" {
		o = t.tooSoon()
	}
	if o.reason == "" {
		o = t.comparable()
	}
	if o.reason != "" {
		t.overruleClass(ClassOptimize, o.reason)
		return o
	}
	best, refused := t.propose(ClassOptimize)
	if best == nil {
		t.idle = outcome{reason: common(refused, refused[0].Reason), detail: refused[0].describe()}
		return outcome{}
	}
	c := t.change(best, ClassOptimize)
	c.trial.Expected = expectedGain(best.steps[0])
	return outcome{
		reason: Optimized, rule: best.signal.Rule, change: c,
		detail: join(fmt.Sprintf("expected to %s the goal by %.0f %% at best", t.cfg.Goal, 100*c.trial.Expected), best.why),
	}
}

// comparable says why the goal's readings don't suffice for a baseline.
func (t *tick) comparable() outcome {
	if !t.in.Goal.OK {
		return outcome{reason: Blind, detail: "goal: " + t.in.Goal.Why}
	}
	if n := len(goals(t.baseline())); n < goalReadings {
		return outcome{reason: NotYet, detail: fmt.Sprintf("%d of %d readings of the goal", n, goalReadings)}
	}
	return outcome{}
}

const (
	// goalReadings is the least number of readings of the goal on either side of a comparison.
	goalReadings = 6
	// leastGain is the least share of the expected gain that keeps an optimising step: an autoscaler that blocks what
	// brings less than a tenth of what it promised stops by itself when gains vanish.
	leastGain = 0.1
	// soonGain is the share that a few readings suffice to see.
	soonGain = 0.5
	// notchGain is what a notch of an enum, or the first step away from 0, is expected to bring; nobody can know it before.
	notchGain = 0.10
)

// expectedGain is the gain of a goal that follows the setting in full.
func expectedGain(s Step) float64 {
	if s.To.IsWord() || s.From.Int() == 0 || s.To.Int() == 0 {
		return notchGain
	}
	from, to := float64(max(1, s.From.Int())), float64(max(1, s.To.Int()))
	return 1 - min(from, to)/max(from, to)
}

// judgeGoal keeps an optimising step that gained, for each unit of load, half of what was expected; that is seen soon.
// Less has to be watched for longer, because so few readings vary by as much: it is kept for a tenth of what was
// expected if that is more than the readings vary, and else taken back, so that optimising ends where gains vanish.
func (t *tick) judgeGoal(trial *Trial) outcome {
	before, after := goals(trial.Baseline), goals(trial.Readings)
	last := len(trial.Readings) >= patience
	if len(t.broken) > 0 || len(after) < goalReadings && !last {
		return t.judging(trial, goalReadings)
	}
	if len(before) == 0 || len(after) == 0 {
		return t.takeBack(TakenBackNoHelp, "the goal has no reading to compare")
	}
	sign := t.cfg.Goal.sign()
	b, a := median(before), median(after)
	gain := sign * (b - a)
	text := fmt.Sprintf("the goal for each unit of load went from %.4g to %.4g", b, a)
	share := soonGain
	if last {
		share = leastGain
	}
	if gain >= share*trial.Expected*math.Abs(b) && gain > 0 && sign*(favourable(before, sign)-a) > 0 {
		return t.keepUnharmed(trial, text)
	}
	if !last {
		return t.judging(trial, goalReadings)
	}
	return t.takeBack(TakenBackNoHelp, text)
}

// sign is 1 if less is better.
func (g Goal) sign() float64 {
	if g == Maximize {
		return -1
	}
	return 1
}

func goals(samples []Sample) []float64 {
	values := make([]float64, 0, len(samples))
	for _, s := range samples {
		if s.Goal != nil {
			values = append(values, *s.Goal)
		}
	}
	return values
}
