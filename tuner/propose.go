package tuner

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/veltrix/veltrix/settings"
)

// proposal is what one rule's actions come to: the steps that every limit allows, or why there are none.
type proposal struct {
	signal *Signal
	// steps are what the rule asked for, and behind the first asked ones the companions that relations need.
	steps []Step
	asked int
	// safety is how far the steps go in their settings' safer directions, in doublings or notches.
	safety float64
	// refused is why there are none: what was overruled last.
	refused Overruled
	// why is a companion that moves too, with its relation.
	why string
}

// propose hears every rule of the class and returns the best proposal: the highest priority wins, then the safer
// steps, then the name. Everything else is overruled. It returns nil if there is none, and why not, in the same order.
func (t *tick) propose(class Class) (best *proposal, refused []Overruled) {
	all := make([]proposal, 0, len(t.in.Signals))
	for i := range t.in.Signals {
		if s := &t.in.Signals[i]; s.Class == class && s.Mode != ModeOff && !s.Revert {
			all = append(all, t.hear(s, class))
		}
	}
	slices.SortFunc(all, compareProposals)
	for i := range all {
		switch p := &all[i]; {
		case len(p.steps) == 0:
			refused = append(refused, p.refused)
		case best == nil:
			best = p
		default:
			t.overrule(Overruled{Rule: p.signal.Rule, Setting: p.steps[0].Setting, Reason: Outranked, Detail: "by " + best.signal.Rule})
		}
	}
	return best, refused
}

// silenced says why a firing rule may not act at all.
func (s *Signal) silenced() refusal {
	switch {
	case !s.enforced():
		return refusal{RuleShadowed, "the rule's mode is " + string(s.Mode)}
	case s.Blocked != "":
		return refusal{Guarded, s.Blocked}
	}
	return refusal{}
}

func compareProposals(a, b proposal) int {
	return cmp.Or(
		cmp.Compare(b.signal.Priority, a.signal.Priority), cmp.Compare(b.safety, a.safety),
		cmp.Compare(a.signal.Rule, b.signal.Rule), cmp.Compare(a.signal.Group, b.signal.Group),
	)
}

// hear passes each action of a rule through the limits, and what is left through the relations between settings.
func (t *tick) hear(s *Signal, class Class) proposal {
	p := proposal{signal: s}
	if r := s.silenced(); r.reason != "" {
		return t.refuse(p, "", r)
	}
	if len(s.Actions) == 0 {
		return t.refuse(p, "", refusal{Unusable, "the rule has no action"})
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		m := move{action: a, class: class}
		r := t.limit(&m)
		if r.reason == "" && slices.ContainsFunc(p.steps, func(s Step) bool { return s.Setting == a.Set && s.Topic == a.Topic }) {
			r = refusal{Outranked, "the rule moves it twice"}
		}
		if r.reason == "" && class == ClassOptimize && len(p.steps) > 0 {
			r = refusal{Outranked, "one setting at a time is optimised"}
		}
		if r.reason != "" {
			p = t.refuse(p, a.Set, r)
			continue
		}
		p.steps = append(p.steps, Step{Setting: a.Set, Topic: a.Topic, From: m.from, To: m.to})
		p.safety += m.safety()
	}
	if len(p.steps) == 0 {
		return p
	}
	if r := t.fit(&p, class); r.reason != "" {
		p = t.refuse(p, p.steps[0].Setting, r)
		p.steps = nil
	}
	return p
}

// refuse notes that one of the proposal's actions is overruled.
func (t *tick) refuse(p proposal, name settings.Name, r refusal) proposal {
	p.refused = Overruled{Rule: p.signal.Rule, Setting: name, Reason: r.reason, Detail: r.detail}
	t.overrule(p.refused)
	return p
}

// fit lets companions move with the steps where a relation needs it, and counts them against the hour's changes. A
// third of those is kept for protecting: careful steps, however many, must not use it up.
func (t *tick) fit(p *proposal, class Class) refusal {
	if r := t.relate(p); r.reason != "" {
		return r
	}
	limit := t.cfg.ChangesPerHour
	if class != ClassProtect {
		limit -= limit / 3
	}
	if made := t.changes(); made+len(p.steps) > limit {
		return refusal{RateLimited, fmt.Sprintf("%d changes within the hour, at most %d", made, limit)}
	}
	return refusal{}
}

// safety is how far the move goes in its setting's safer direction, in doublings or notches.
func (m *move) safety() float64 {
	from, to := float64(position(m.row, m.from)), float64(position(m.row, m.to))
	if m.row.Kind == settings.Enum {
		return float64(m.row.Safer) * (to - from)
	}
	return float64(m.row.Safer) * math.Log2(max(1, to)/max(1, from))
}

// change turns a proposal into the change that begins a trial.
func (t *tick) change(p *proposal, class Class) *change {
	sortSteps(p.steps)
	next := t.in.Document
	for _, s := range p.steps {
		next = withValue(next, place{s.Setting, s.Topic}, s.To)
	}
	former := t.in.Document
	if former.Generation > 0 && former.Settings == nil {
		former.Settings = settings.Values{}
	}
	return &change{
		next: next, steps: p.steps,
		trial: &Trial{
			Rule: p.signal.Rule, Group: p.signal.Group, Class: class, Steps: p.steps, Former: former,
			Baseline: t.baseline(),
		},
	}
}

// baseline returns the newest readings of the present health and load: after an objective broke, the readings of the
// good time before say nothing about what a step against the breach achieves, nor do those of another load.
func (t *tick) baseline() []Sample {
	broken := len(t.broken) > 0
	begin := len(t.state.Recent)
	for begin > 0 {
		s := t.state.Recent[begin-1]
		if t.breaks(s) != broken || t.shifted(s.Load, t.in.Load.Value) {
			break
		}
		begin--
	}
	return t.state.Recent[begin:]
}

func (t *tick) breaks(s Sample) bool {
	return slices.ContainsFunc(t.cfg.Objectives, func(o Objective) bool {
		v, ok := s.Objectives[o.Name]
		return ok && o.broken(v)
	})
}
