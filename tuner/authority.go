package tuner

import (
	"fmt"
	"time"
)

// protect answers a broken objective with the best step that a rule offers. While every objective holds, protecting
// rules are heard but not needed. Where the load has just come to a level that is remembered, the memory is the faster
// way: it is left to recall.
func (t *tick) protect() outcome {
	t.recollect()
	if len(t.broken) == 0 {
		t.overruleClass(ClassProtect, NotNeeded)
		return outcome{}
	}
	t.overruleClass(ClassRelax, Stabilizing)
	t.overruleClass(ClassOptimize, Stabilizing)
	if t.recalled != nil {
		t.overruleClass(ClassProtect, Outranked)
		return outcome{}
	}
	o := t.protectBroken()
	switch {
	case t.kept.reason != "" && o.change == nil:
		t.kept.detail = join(t.kept.detail, string(o.reason)+": "+o.detail)
		return t.kept
	case t.kept.reason != "":
		o.detail = join(o.detail, "the last step is kept")
	}
	return o
}

func (t *tick) protectBroken() outcome {
	if who := t.lagging(t.in.Document.Generation, true); who != "" {
		return t.stacked(who)
	}
	best, refused := t.propose(ClassProtect)
	switch {
	case best != nil:
		return outcome{
			reason: Protected, rule: best.signal.Rule, change: t.change(best, ClassProtect),
			detail: join(t.describeBroken(), best.why),
		}
	case len(refused) == 0:
		return outcome{reason: NoActionLeft, detail: t.describeBroken() + ", and no protecting rule fires"}
	}
	return outcome{reason: common(refused, NoActionLeft), detail: join(t.describeBroken(), refused[0].describe())}
}

// stacked holds while an instance has not applied what is there already: changes are never stacked.
func (t *tick) stacked(who string) outcome {
	return outcome{reason: AwaitingAck, detail: fmt.Sprintf("instance %s has not applied generation %d", who, t.in.Document.Generation)}
}

// relax follows a relaxing rule, once the objectives have held for long enough, with a margin, and with enough history.
func (t *tick) relax() outcome {
	if !t.asks(ClassRelax) {
		return outcome{}
	}
	if o := t.tooSoon(); o.reason != "" {
		t.overruleClass(ClassRelax, o.reason)
		return o
	}
	best, refused := t.propose(ClassRelax)
	if best == nil {
		// An optimising rule may still have something to say.
		t.idle = outcome{reason: common(refused, refused[0].Reason), detail: refused[0].describe()}
		return outcome{}
	}
	return outcome{
		reason: Relaxed, rule: best.signal.Rule, change: t.change(best, ClassRelax),
		detail: join("every objective has held for "+round(t.now.Sub(t.state.HealthySince)).String(), best.why),
	}
}

// tooSoon says why nothing may be relaxed yet.
func (t *tick) tooSoon() outcome {
	if who := t.lagging(t.in.Document.Generation, true); who != "" {
		return t.stacked(who)
	}
	if stayed := t.now.Sub(t.state.LevelSince); stayed < t.cfg.LongestRange {
		return outcome{reason: Stabilizing, detail: fmt.Sprintf("the load came to its level %s ago", round(stayed))}
	}
	if held := t.now.Sub(t.state.HealthySince); held < t.cfg.Stabilization {
		return outcome{reason: Stabilizing, detail: fmt.Sprintf("every objective has held for %s of %s", round(held), t.cfg.Stabilization)}
	}
	history := t.now.Sub(t.state.Since)
	if history < t.cfg.MinHistory {
		return outcome{reason: ColdStart, detail: fmt.Sprintf("%s of %s of history", round(history), t.cfg.MinHistory)}
	}
	margin := t.margin(history)
	for _, o := range t.cfg.Objectives {
		if v := t.readings[o.Name].Value; !o.inside(v, margin) {
			return outcome{reason: NoMargin, detail: fmt.Sprintf("%s, with a margin of %.0f %%", o.describe(v), 100*margin)}
		}
		if v := t.lately(o); !o.inside(v, t.cfg.Margin) {
			return outcome{reason: NoMargin, detail: fmt.Sprintf("of late %s, with a margin of %.0f %%", o.describe(v), 100*t.cfg.Margin)}
		}
	}
	return outcome{}
}

// lately is the bad quartile of an objective's readings since the last change: one good reading is no margin.
func (t *tick) lately(o Objective) float64 {
	values := valuesOf(t.baseline(), o.Name)
	if len(values) == 0 {
		return t.readings[o.Name].Value
	}
	return quantile(values, (2+o.badness())/4)
}

// margin is wider the shorter the history, as confidence is. With the defaults:
//
//	10 min of history: 40 %
//	20 min           : 30 %
//	1 h              : 23 %
//	1 day            : 20 %
func (t *tick) margin(history time.Duration) float64 {
	return min(t.cfg.Margin*(1+float64(t.cfg.MinHistory)/float64(history)), 0.95)
}

// asks says whether a rule of the class fires.
func (t *tick) asks(class Class) bool {
	for i := range t.in.Signals {
		if s := &t.in.Signals[i]; s.Class == class && s.Mode != ModeOff && !s.Revert {
			return true
		}
	}
	return false
}

// overruleClass notes that every firing rule of the class is passed over.
func (t *tick) overruleClass(class Class, reason Reason) {
	for i := range t.in.Signals {
		if s := &t.in.Signals[i]; s.Class == class && s.Mode != ModeOff && !s.Revert {
			t.overrule(Overruled{Rule: s.Rule, Reason: reason})
		}
	}
}

// common returns the one reason that all refusals share, else otherwise.
func common(refused []Overruled, otherwise Reason) Reason {
	for _, r := range refused {
		if r.Reason != refused[0].Reason {
			return otherwise
		}
	}
	return refused[0].Reason
}

func join(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "; " + b
}
