package tuner

import (
	"strings"
	"time"

	"github.com/veltrix/veltrix/settings"
)

// Decide returns what to do at in.Now and the state for the next tick. It modifies none of its arguments; what it
// returns may share memory with them, so treat all three as immutable. Call it with a validated configuration.
//
// In shadow the decision is the same as in enforce, Next included, but the state is that of a loop that has written
// nothing: no trial begins or ends by a take-back, no generation is counted, no move is remembered.
func Decide(cfg Config, state State, in Input) (State, Decision) {
	t := begin(cfg, state, in)
	t.observe()
	for _, authority := range []func(*tick) outcome{
		(*tick).off,
		(*tick).clock,
		(*tick).unreadable,
		(*tick).blind,
		(*tick).interlock,
		(*tick).operator,
		(*tick).trial,
		(*tick).protect,
		(*tick).recall,
		(*tick).relax,
		(*tick).optimize,
	} {
		if o := authority(t); o.reason != "" {
			return t.conclude(o)
		}
	}
	return t.conclude(t.steady())
}

// outcome is what one authority says. Without a reason it has nothing to say, and the next one is asked.
type outcome struct {
	reason Reason
	detail string
	rule   string
	change *change
}

// change is a document to write, with what the state remembers of it once it is written.
type change struct {
	next  settings.Document
	steps []Step
	trial *Trial
	// undone is the trial that the change takes back, nil if it takes none back; blame says that it failed by itself, and
	// judged that readings showed it.
	undone        *Trial
	blame, judged bool
}

// tick is one call of Decide: the state that is being built and what was seen.
type tick struct {
	cfg   Config
	state State
	in    Input
	now   time.Time

	clockBack bool
	// blindWhy is empty if every objective and the load have a usable reading.
	blindWhy string
	// readings are the configured objectives' only, broken the broken ones' in the order of the configuration.
	readings map[string]Reading
	broken   []Objective
	// kept is what this tick's judgement said if it kept a trial and the next step may follow at once.
	kept outcome
	// idle is what careful rules come to if nothing else is to be said.
	idle      outcome
	overruled []Overruled
	// over are the settings that were asked to turn around once too often.
	over []settings.Name
	// known caches the present values, which cost a walk over the fleet.
	known     map[place]settings.Value
	recalled  *proposal
	relations []settings.Relation
}

func begin(cfg Config, state State, in Input) *tick {
	t := &tick{cfg: cfg.WithDefaults(), state: state, in: in, known: make(map[place]settings.Value, len(settings.All()))}
	// Without a monotonic part and in UTC, a time is the same after it went through JSON.
	t.now = in.Now.UTC().Round(0)
	t.clockBack = t.now.Before(state.LastTick)
	t.state.Version = StateVersion
	if state.Trial != nil {
		trial := *state.Trial
		t.state.Trial = &trial
	}
	return t
}

func (t *tick) off() outcome {
	if t.cfg.Mode == ModeOff {
		return outcome{reason: Off}
	}
	return outcome{}
}

func (t *tick) steady() outcome {
	if t.idle.reason != "" {
		return t.idle
	}
	for _, want := range []Reason{RuleShadowed, NoGoal} {
		var first *Overruled
		for i := range t.overruled {
			if o := &t.overruled[i]; o.Reason == want && (first == nil || compareOverruled(o, first) < 0) {
				first = o
			}
		}
		if first != nil {
			return outcome{reason: want, rule: first.Rule, detail: first.Detail}
		}
	}
	return outcome{reason: Steady}
}

// conclude writes the decision and, if it is enforced, lets the state know of the change.
func (t *tick) conclude(o outcome) (State, Decision) {
	d := Decision{
		ID: t.in.DecisionID, App: t.cfg.App, Time: t.now, Mode: t.cfg.Mode,
		Reason: o.reason, Detail: o.detail, Rule: o.rule,
		Generation: t.in.Document.Generation, NextGeneration: t.in.Document.Generation,
		Overruled: firstOverruled(t.overruled),
		Evidence:  t.evidence(),
	}
	if o.change != nil {
		next := t.document(o)
		d.Steps, d.Next, d.NextGeneration = o.change.steps, &next, next.Generation
		if t.cfg.Mode == ModeEnforce {
			t.apply(o.change, next)
		}
	}
	for _, name := range t.over {
		t.freeze(name)
	}
	return t.state, d
}

// document completes the document that a change writes.
func (t *tick) document(o outcome) settings.Document {
	next := o.change.next
	next.Schema = settings.SchemaVersion
	next.App = t.cfg.App
	next.Generation = max(t.in.Document.Generation, t.state.Highest, t.state.Generation) + 1
	next.Decision = t.in.DecisionID
	next.Reason = string(o.reason)
	if o.rule != "" {
		next.Reason += ": " + o.rule
	}
	next.Time = t.now
	if next.Settings == nil {
		next.Settings = settings.Values{}
	}
	return next
}

// apply lets the state know that the change is written.
func (t *tick) apply(c *change, next settings.Document) {
	t.state.Generation, t.state.Highest = next.Generation, next.Generation
	trial := *c.trial
	trial.Generation, trial.Applied, trial.Decision = next.Generation, t.now, t.in.DecisionID
	t.state.Trial = &trial
	t.state.Recent = nil
	t.state.LevelAsked = t.state.LevelAsked || trial.Rule == recallRule
	if t.in.Load.OK {
		t.state.LoadAnchor = t.in.Load.Value
	}
	t.remember(c)
	if c.blame {
		t.blame(c.undone, c.judged)
	}
}

// evidence is what the decision stands on.
func (t *tick) evidence() Evidence {
	e := Evidence{Objectives: t.readings, Load: t.in.Load, Instances: len(t.in.Fleet)}
	if len(t.in.Signals) > 0 {
		e.Rules = make(map[string]float64, len(t.in.Signals))
	}
	var keys ruleKeys
	keys.Grow(32 * len(t.in.Signals))
	for i := range t.in.Signals {
		if s := &t.in.Signals[i]; finite(s.Value) {
			e.Rules[keys.of(s)] = s.Value
		}
	}
	return e
}

// ruleKeys writes the keys of many rules into one string, because so many small ones would be most of a tick's garbage.
type ruleKeys struct{ strings.Builder }

// of returns the rule's name with its group, unique among the signals.
func (k *ruleKeys) of(s *Signal) string {
	if s.Group == "" {
		return s.Rule
	}
	begin := k.Len()
	k.WriteString(s.Group)
	k.WriteByte('/')
	k.WriteString(s.Rule)
	return k.String()[begin:]
}

// overrule notes an action that was asked for and is not taken.
func (t *tick) overrule(o Overruled) {
	if t.overruled == nil {
		t.overruled = make([]Overruled, 0, len(t.in.Signals)+1)
	}
	t.overruled = append(t.overruled, o)
}
