package tuner

import (
	"fmt"

	"github.com/veltrix/veltrix/settings"
)

// trial watches the change that runs: every live instance has to apply it, then readings have to be of it alone, then
// it is judged. While a trial runs, nothing else is decided.
func (t *tick) trial() outcome {
	trial := t.state.Trial
	if trial == nil {
		return outcome{}
	}
	if trial.Back {
		return t.trialBack(trial)
	}
	if who := t.refuser(trial.Generation); who != "" {
		return t.takeBack(TakenBackRefused, who)
	}
	if t.asksRevert(trial) {
		return t.takeBack(TakenBackBlind, "its rule is blind and asks to revert")
	}
	if trial.Acked.IsZero() {
		return t.awaitAck(trial)
	}
	if trial.Class != ClassProtect && trial.Breaches >= confirmedBreaches {
		if o := t.preempt(trial); o.reason != "" {
			return o
		}
		return t.takeBack(TakenBackWorse, t.describeBroken())
	}
	if !t.settled(trial) {
		return t.settling(trial)
	}
	return t.judge(trial)
}

// confirmedBreaches is how many ticks in a row must see a broken objective before a relaxing trial is taken back: a
// first answer in the wrong direction decides nothing.
const confirmedBreaches = 2

// trialBack watches a take-back: the next step waits until it is applied everywhere and has settled.
func (t *tick) trialBack(trial *Trial) outcome {
	if trial.Acked.IsZero() {
		return outcome{reason: AwaitingAck, detail: t.describeLagging(trial.Generation)}
	}
	if !t.settled(trial) {
		return t.settling(trial)
	}
	t.endTrial()
	return outcome{}
}

// endTrial forgets the trial; its readings are the first of what follows.
func (t *tick) endTrial() {
	t.state.Recent = t.state.Trial.Readings
	t.state.Trial = nil
}

func (t *tick) awaitAck(trial *Trial) outcome {
	detail := t.describeLagging(trial.Generation)
	if t.now.Sub(trial.Applied) >= t.cfg.AckTimeout {
		return t.takeBack(TakenBackUnacknowledged, fmt.Sprintf("%s after %s", detail, round(t.now.Sub(trial.Applied))))
	}
	return outcome{reason: AwaitingAck, rule: trial.Rule, detail: detail}
}

func (t *tick) describeLagging(generation int64) string {
	return fmt.Sprintf("instance %s has not applied generation %d", t.lagging(generation, false), generation)
}

func (t *tick) settling(trial *Trial) outcome {
	return outcome{reason: Settling, rule: trial.Rule, detail: fmt.Sprintf("%s of %s since every instance applied generation %d",
		round(t.now.Sub(trial.Acked)), t.cfg.LongestRange, trial.Generation)}
}

// refuser describes the first instance, by identifier, that refuses generation.
func (t *tick) refuser(generation int64) string {
	var first *settings.Report
	for i := range t.in.Fleet {
		if r := &t.in.Fleet[i]; refuses(r, generation) && (first == nil || r.ID < first.ID) {
			first = r
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("instance %s refuses generation %d: %s", first.ID, generation, first.Refusal.Reason)
}

// refuses says whether an instance refuses that generation. A refusal without a generation is of the newest document,
// which the instance could not read; one of another generation is out of date.
func refuses(r *settings.Report, generation int64) bool {
	return r.Refusal != nil && (r.Refusal.Generation == generation || r.Refusal.Generation == 0 && r.Generation < generation)
}

// describeBroken states the first broken objective and counts the others.
func (t *tick) describeBroken() string {
	if len(t.broken) == 0 {
		return ""
	}
	o := t.broken[0]
	s := o.describe(t.readings[o.Name].Value)
	if n := len(t.broken) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more broken)", n)
	}
	return s
}
