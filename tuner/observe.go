package tuner

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// observe brings the state up to date with what was seen, before anything is decided. It runs the same under a hold,
// in shadow and blind, so that no window is torn by them.
func (t *tick) observe() {
	if t.clockBack {
		t.state.rewind(t.now)
	}
	fresh := t.state.Since.IsZero()
	if fresh {
		t.state.Since = t.now
	}
	t.readObjectives()
	t.noteDocument(fresh)
	t.noteHealth()
	t.noteFleet()
	t.noteAcks()
	t.noteSample()
	t.noteLevel()
	t.forget()
	t.noteWishes()
	t.state.LastTick = t.now
}

// rewind takes times that lie in the future back to now, so that every window begins anew and none gets shorter.
func (s *State) rewind(now time.Time) {
	back := func(x *time.Time) {
		if x.After(now) {
			*x = now
		}
	}
	for _, x := range []*time.Time{&s.Since, &s.LastTick, &s.ForeignSince, &s.HealthySince, &s.FleetPeakAt, &s.LevelSince} {
		back(x)
	}
	if s.Trial != nil {
		back(&s.Trial.Applied)
		back(&s.Trial.Acked)
	}
	s.Moves = slices.Clone(s.Moves)
	for i := range s.Moves {
		back(&s.Moves[i].Time)
	}
	for name, until := range s.Frozen {
		if until.After(now.Add(window)) {
			s.Frozen = maps.Clone(s.Frozen)
			s.Frozen[name] = now.Add(window)
		}
	}
	s.Failed = slices.Clone(s.Failed)
	for i := range s.Failed {
		s.Failed[i].Until = minTime(s.Failed[i].Until, now.Add(longestFailed))
	}
	s.Recent, s.Wishes = nil, nil
}

// readObjectives says what is broken, or why nobody can know.
func (t *tick) readObjectives() {
	t.in.Load, t.in.Goal = t.in.Load.checked(), t.in.Goal.checked()
	t.readings = make(map[string]Reading, len(t.cfg.Objectives))
	for _, o := range t.cfg.Objectives {
		r, ok := t.in.Objectives[o.Name]
		if !ok {
			r = Reading{Why: "nobody read it"}
		}
		r = r.checked()
		t.readings[o.Name] = r
		switch {
		case !r.OK && t.blindWhy == "":
			t.blindWhy = "objective " + o.Name + ": " + r.Why
		case r.OK && o.broken(r.Value):
			t.broken = append(t.broken, o)
		}
	}
	if !t.in.Load.OK && t.blindWhy == "" {
		t.blindWhy = "load: " + t.in.Load.Why
	}
	if len(t.cfg.Objectives) == 0 && t.blindWhy == "" {
		t.blindWhy = "no objective is configured"
	}
}

// checked returns r without a value that can't be used, whatever r says of itself.
func (r Reading) checked() Reading {
	switch {
	case !finite(r.Value):
		return Reading{Why: cmpOr(r.Why, "the value is not finite")}
	case !r.OK:
		return Reading{Value: r.Value, Why: cmpOr(r.Why, "no usable value")}
	}
	return r
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// broken says whether v breaks the promise. A censored reading does: the true value may be anything above it.
func (o Objective) broken(v float64) bool {
	return o.Max != nil && v > *o.Max || o.Min != nil && v < *o.Min || o.censored(v)
}

func (o Objective) censored(v float64) bool { return o.Ceiling > 0 && v >= o.Ceiling }

// inside says whether v keeps the promise with the given margin, relative to the limit.
func (o Objective) inside(v, margin float64) bool {
	return !o.broken(v) &&
		(o.Max == nil || v <= *o.Max-margin*math.Abs(*o.Max)) &&
		(o.Min == nil || v >= *o.Min+margin*math.Abs(*o.Min))
}

// describe states the promise against the value: "publish-p99 is 0.31, at most 0.15".
func (o Objective) describe(v float64) string {
	switch {
	case o.censored(v):
		return fmt.Sprintf("%s is %.4g, at or above its ceiling %.4g", o.Name, v, o.Ceiling)
	case o.Max != nil:
		return fmt.Sprintf("%s is %.4g, at most %.4g", o.Name, v, *o.Max)
	case o.Min != nil:
		return fmt.Sprintf("%s is %.4g, at least %.4g", o.Name, v, *o.Min)
	}
	return o.Name
}

// noteDocument notices a document that somebody else wrote or deleted. The running trial is dropped then, and what is
// remembered of load levels: neither is what somebody wants now.
func (t *tick) noteDocument(fresh bool) {
	generation := t.in.Document.Generation
	if t.in.DocumentError != "" {
		return
	}
	if generation != t.state.Generation && !fresh {
		t.state.ForeignSince = t.now
		t.state.Trial = nil
		t.state.Recent = nil
		t.state.Levels = nil
	}
	t.state.Generation = generation
	t.state.Highest = max(t.state.Highest, generation)
	for i := range t.in.Fleet {
		// Instances may know a document that etcd has lost; they would ignore one that is not above it.
		if g := t.in.Fleet[i].Generation; g < most {
			t.state.Highest = max(t.state.Highest, g)
		}
	}
}

// noteHealth keeps since when all objectives have held. Short times that nobody watched are left out, not counted;
// after a long one the count begins anew, because an objective that nobody saw hold has not held.
func (t *tick) noteHealth() {
	if !t.state.HealthySince.IsZero() {
		gap := t.now.Sub(t.state.LastTick)
		unwatched := gap > max(t.cfg.LongestRange, 3*t.cfg.Interval)
		switch {
		case unwatched || t.blindWhy != "" && t.state.BlindTicks+1 >= t.cfg.BlindTicks:
			t.state.HealthySince = time.Time{}
		case t.blindWhy != "":
			t.state.HealthySince = minTime(t.state.HealthySince.Add(gap), t.now)
		}
	}
	switch {
	case len(t.broken) > 0:
		t.state.HealthySince = time.Time{}
	case t.blindWhy == "" && t.state.HealthySince.IsZero():
		t.state.HealthySince = t.now
	}
	if t.blindWhy != "" {
		t.state.BlindTicks++
		return
	}
	t.state.BlindTicks = 0
	t.state.BrokenTicks++
	if len(t.broken) == 0 {
		t.state.BrokenTicks = 0
	}
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// noteFleet keeps the size from which vanished instances are counted. After a while a smaller fleet is the new normal.
func (t *tick) noteFleet() {
	n := len(t.in.Fleet)
	if n >= t.state.FleetPeak || t.now.Sub(t.state.FleetPeakAt) > vanishedFor {
		t.state.FleetPeak, t.state.FleetPeakAt = n, t.now
	}
}

// vanishedFor is how long an instance that is gone counts as missing; a deployment with fewer is normal after it.
const vanishedFor = 5 * time.Minute

// noteAcks keeps when the last live instance applied the trial, and how the ticks since then looked.
func (t *tick) noteAcks() {
	trial := t.state.Trial
	if trial == nil {
		return
	}
	if trial.Acked.IsZero() {
		if len(t.in.Fleet) > 0 && t.lagging(trial.Generation, trial.Back) == "" {
			trial.Acked = t.now
		}
		return
	}
	if t.blindWhy != "" {
		return
	}
	trial.Ticks++
	if len(t.broken) > 0 {
		trial.Breaches++
	} else {
		trial.Breaches = 0
	}
}

// lagging names the first instance, by identifier, that doesn't run generation yet; empty if all do. With refused,
// an instance that refuses it counts as having answered.
func (t *tick) lagging(generation int64, refused bool) string {
	first := ""
	for i := range t.in.Fleet {
		r := &t.in.Fleet[i]
		if r.Generation >= generation || refused && refuses(r, generation) {
			continue
		}
		if first == "" || r.ID < first {
			first = r.ID
		}
	}
	return first
}

// noteSample keeps the readings: for the next trial's baseline, or for the judgement of the one that has settled.
// What was read while a change settled is of neither.
func (t *tick) noteSample() {
	if t.blindWhy != "" || t.clockBack {
		return
	}
	sample := Sample{Time: t.now, Load: t.in.Load.Value, Objectives: make(map[string]float64, len(t.readings)), Goal: t.goalForLoad()}
	for name, r := range t.readings {
		sample.Objectives[name] = r.Value
	}
	switch trial := t.state.Trial; {
	case trial == nil:
		t.state.Recent = appendBounded(t.state.Recent, sample, maxRecent)
	case t.settled(trial):
		trial.Readings = appendBounded(trial.Readings, sample, maxReadings)
	}
}

// goalForLoad is the goal's reading for each unit of load, nil if there is none.
func (t *tick) goalForLoad() *float64 {
	if !t.in.Goal.OK || t.in.Load.Value <= 0 {
		return nil
	}
	perLoad := t.in.Goal.Value / t.in.Load.Value
	return &perLoad
}

// settled says whether every reading of now is of the trial's settings alone.
func (t *tick) settled(trial *Trial) bool {
	return !trial.Acked.IsZero() && trial.Ticks >= settleTicks && t.now.Sub(trial.Acked) >= t.cfg.LongestRange
}

// settleTicks is the least number of ticks that a change settles, however short the expressions' ranges are.
const settleTicks = 2

// appendBounded returns a new slice with x at its end and at most limit elements, the newest.
func appendBounded[T any](s []T, x T, limit int) []T {
	s = s[max(0, len(s)+1-limit):]
	return append(slices.Clone(s), x)
}
