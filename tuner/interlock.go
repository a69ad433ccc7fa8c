package tuner

import "fmt"

// interlock stops tuning while an interlock rule fires or too much of the fleet is unwell, and takes a running trial
// back: what is wrong may be its doing, and nobody could judge it now. It comes before an operator's hold.
func (t *tick) interlock() outcome {
	if s := t.firingInterlock(); s != nil {
		return t.stop(Interlocked, s.Rule, fmt.Sprintf("value %.4g", s.Value))
	}
	if len(t.in.Fleet) == 0 {
		return t.stop(NoInstances, "", "no instance is alive that could apply a change")
	}
	if bad, of := t.unhealthy(), max(t.state.FleetPeak, len(t.in.Fleet)); float64(bad) > t.cfg.UnhealthyShare*float64(of) {
		return t.stop(FleetUnhealthy, "", fmt.Sprintf("%d of %d instances have vanished or refuse the document", bad, of))
	}
	return outcome{}
}

func (t *tick) stop(reason Reason, rule, detail string) outcome {
	if !t.watching() {
		return outcome{reason: reason, rule: rule, detail: detail}
	}
	o := t.takeBack(TakenBackInterlock, string(reason)+": "+detail)
	o.rule = rule
	return o
}

// firingInterlock returns the first by name of the interlock rules that fire, so that their order doesn't matter.
func (t *tick) firingInterlock() *Signal {
	var first *Signal
	for i := range t.in.Signals {
		s := &t.in.Signals[i]
		switch {
		case s.Class != ClassInterlock || s.Mode == ModeOff || s.Revert:
		case !s.enforced():
			t.overrule(Overruled{Rule: s.Rule, Reason: RuleShadowed})
		case s.Blocked != "":
			t.overrule(Overruled{Rule: s.Rule, Reason: Guarded, Detail: s.Blocked})
		case first == nil || s.Rule < first.Rule || s.Rule == first.Rule && s.Group < first.Group:
			first = s
		}
	}
	return first
}

// unhealthy counts the instances that have vanished and those that refuse the document. Refusals of the running trial
// are not counted: the trial's own step answers them, and more exactly.
func (t *tick) unhealthy() int {
	bad := max(0, t.state.FleetPeak-len(t.in.Fleet))
	if t.watching() {
		return bad
	}
	for i := range t.in.Fleet {
		if refuses(&t.in.Fleet[i], t.in.Document.Generation) {
			bad++
		}
	}
	return bad
}
