package tuner

import (
	"slices"

	"github.com/veltrix/veltrix/settings"
)

// preempt answers an objective that broke under a careful trial because the load moved: the trial is undone and the
// best protecting step is taken in the same write, because waiting for the one to settle would delay the other. A
// breach at the same load is the trial's own doing, and undoing it is the answer.
func (t *tick) preempt(trial *Trial) outcome {
	if !t.loadShifted(trial) {
		return outcome{}
	}
	standing := t.in.Document
	undone, _ := restored(trial)
	undone.Generation = standing.Generation
	t.view(undone)
	defer t.view(standing)
	best, _ := t.propose(ClassProtect)
	if best == nil {
		return outcome{}
	}
	c := t.change(best, ClassProtect)
	c.undone, c.steps = trial, t.stepsAcross(trial, best.steps)
	if slices.ContainsFunc(c.steps, func(s Step) bool { return !s.isOne() }) {
		return outcome{}
	}
	return outcome{
		reason: Protected, rule: best.signal.Rule, change: c,
		detail: join(t.describeBroken(), join("the trial of "+cmpOr(trial.Rule, "a rule")+" is undone with it", best.why)),
	}
}

// view makes d what present values are taken from.
func (t *tick) view(d settings.Document) {
	t.in.Document = d
	clear(t.known)
}

// stepsAcross returns what changes from the standing document: the protecting steps, from where the trial had moved
// their settings, and the return of what only the trial had moved.
func (t *tick) stepsAcross(trial *Trial, protecting []Step) []Step {
	steps := slices.Clone(protecting)
	for _, s := range trial.Steps {
		i := slices.IndexFunc(steps, s.samePlace)
		row, _ := settings.Lookup(s.Setting)
		switch {
		case i >= 0:
			steps[i].From = s.To
		case !row.Loosens(s.To, s.From):
			steps = append(steps, Step{Setting: s.Setting, Topic: s.Topic, From: s.To, To: s.From})
		}
	}
	sortSteps(steps)
	return slices.DeleteFunc(steps, func(s Step) bool { return s.From == s.To })
}

func (s Step) samePlace(o Step) bool { return s.Setting == o.Setting && s.Topic == o.Topic }

// isOne says whether the step is within what the table allows at once: together, an undone step and a protecting one
// may be more.
func (s Step) isOne() bool {
	row, _ := settings.Lookup(s.Setting)
	from, to := position(row, s.From), position(row, s.To)
	if row.Kind == settings.Enum {
		return max(from-to, to-from) <= 1
	}
	down, up := oneStep(row, from)
	return to >= down && to <= up
}
