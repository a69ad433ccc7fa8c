package tuner

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/veltrix/veltrix/settings"
)

const (
	levelsPerDoubling = 2    // a level spans a factor of √2, so that its middle is within one load shift of its edges
	levelHysteresis   = 1.1  // how far beyond a level's edge the load must go to leave it
	leastLoad         = 1e-6 // no load, and less, is the lowest level
)

// loadLevel returns the logarithmic bucket of load, and former as long as the load is not clearly out of it.
func loadLevel(load float64, former int) int {
	load = max(load, leastLoad)
	low := math.Exp2(float64(former)/levelsPerDoubling) / levelHysteresis
	high := math.Exp2(float64(former+1)/levelsPerDoubling) * levelHysteresis
	if load >= low && load < high {
		return former
	}
	return bareLevel(load)
}

// bareLevel is the bucket of load without hysteresis.
func bareLevel(load float64) int {
	return int(math.Floor(levelsPerDoubling * math.Log2(max(load, leastLoad))))
}

// window is how far back changes and reversals are counted, and how long a freeze lasts.
const window = time.Hour

// forget drops what has expired.
func (t *tick) forget() {
	// A move tells whether the one after it turned around: it is kept for as long as that one counts.
	t.state.Moves = dropIf(t.state.Moves, func(m Move) bool { return t.now.Sub(m.Time) >= 2*window })
	t.state.Failed = dropIf(t.state.Failed, func(f FailedStep) bool { return t.now.Sub(f.Until) >= longestFailed })
	for name, until := range t.state.Frozen {
		if !t.now.Before(until) {
			t.state.Frozen = maps.Clone(t.state.Frozen)
			delete(t.state.Frozen, name)
		}
	}
}

// dropIf returns s without the elements that meet the condition; s itself is not modified.
func dropIf[T any](s []T, condition func(T) bool) []T {
	if !slices.ContainsFunc(s, condition) {
		return s
	}
	return slices.DeleteFunc(slices.Clone(s), condition)
}

// remember notes the moves of a change that is written. A take-back that turns a setting around once too often
// freezes it: it could not be refused, but the next move can.
func (t *tick) remember(c *change) {
	for _, s := range c.steps {
		p := place{s.Setting, s.Topic}
		back := c.undone != nil && (c.trial.Back || !slices.ContainsFunc(c.trial.Steps, s.samePlace))
		t.state.Moves = appendBounded(t.state.Moves, Move{
			Setting: s.Setting, Topic: s.Topic, Direction: direction(s, c.undone), Time: t.now, Back: back,
		}, maxMoves)
		t.state.Wishes = dropIf(t.state.Wishes, func(w Wish) bool { return w.Setting == p.name && w.Topic == p.topic && !w.Absolute })
		if t.reversals(p) > t.cfg.ReversalsPerHour {
			t.freeze(s.Setting)
		}
	}
}

// direction returns which way the step moves. One that drops a setting moves against the trial that it takes back.
func direction(s Step, undone *Trial) settings.Direction {
	from, to := s.From, s.To
	if undone != nil && !to.IsSet() {
		if i := slices.IndexFunc(undone.Steps, s.samePlace); i >= 0 {
			to = undone.Steps[i].From
		}
	}
	row, _ := settings.Lookup(s.Setting)
	if position(row, to) < position(row, from) {
		return settings.Down
	}
	return settings.Up
}

func (t *tick) freeze(name settings.Name) {
	frozen := make(map[settings.Name]time.Time, len(t.state.Frozen)+1)
	maps.Copy(frozen, t.state.Frozen)
	frozen[name] = t.now.Add(window)
	t.state.Frozen = frozen
}

// reversals counts how often the setting turned around within the window, take-backs included. A move the other way a
// whole window after the last one is no reversal.
func (t *tick) reversals(p place) int {
	n := 0
	var last *Move
	for i := range t.state.Moves {
		m := &t.state.Moves[i]
		if m.Setting != p.name || m.Topic != p.topic {
			continue
		}
		if last != nil && m.Direction != last.Direction && m.Time.Sub(last.Time) < window && t.recent(m) {
			n++
		}
		last = m
	}
	return n
}

func (t *tick) recent(m *Move) bool { return t.now.Sub(m.Time) < window }

// lastMove returns the setting's newest move within the window, nil if it has not moved.
func (t *tick) lastMove(p place) *Move {
	for i := len(t.state.Moves) - 1; i >= 0; i-- {
		if m := &t.state.Moves[i]; m.Setting == p.name && m.Topic == p.topic && t.recent(m) {
			return m
		}
	}
	return nil
}

// changes counts the moves within the window; take-backs are free.
func (t *tick) changes() int {
	n := 0
	for i := range t.state.Moves {
		if m := &t.state.Moves[i]; !m.Back && t.recent(m) {
			n++
		}
	}
	return n
}

// longestFailed is the longest time that a failed step is not repeated, and how long it is remembered afterwards, so
// that failing again doubles the time.
const longestFailed = 24 * time.Hour

// blame notes that the trial's steps failed at the present load.
func (t *tick) blame(trial *Trial, judged bool) {
	failed := slices.Clone(t.state.Failed)
	if trial.Rule == recallRule {
		t.forgetLevel()
	}
	for _, s := range trial.Steps {
		i := t.failedIndex(failed, place{s.Setting, s.Topic}, direction(s, nil))
		if i < 0 {
			failed = append(failed, FailedStep{Setting: s.Setting, Topic: s.Topic, Direction: direction(s, nil), LoadLevel: t.state.LoadLevel})
			i = len(failed) - 1
		}
		failed[i].Times++
		failed[i].Judged = judged
		failed[i].Until = t.now.Add(failedFor(t.cfg.FailedFor, failed[i].Times))
	}
	// The ones that expire last are the most worth keeping.
	slices.SortFunc(failed, compareFailed)
	t.state.Failed = failed[max(0, len(failed)-maxFailed):]
}

func compareFailed(a, b FailedStep) int {
	return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Setting, b.Setting), cmp.Compare(a.Topic, b.Topic),
		cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.LoadLevel, b.LoadLevel))
}

// failedFor doubles first with each failure, up to the longest time.
func failedFor(first time.Duration, times int) time.Duration {
	d := first
	for i := 1; i < times && d < longestFailed; i++ {
		d *= 2
	}
	return min(d, longestFailed)
}

// failedIndex finds a step in the context of the present load, -1 if it has not failed there. A level's widened edges count
// as the level: a load at an edge is said to be now here, now there, and what failed would be tried in both.
func (t *tick) failedIndex(failed []FailedStep, p place, d settings.Direction) int {
	return slices.IndexFunc(failed, func(f FailedStep) bool {
		return f.Setting == p.name && f.Topic == p.topic && f.Direction == d &&
			(f.LoadLevel == t.state.LoadLevel || t.in.Load.OK && loadLevel(t.in.Load.Value, f.LoadLevel) == f.LoadLevel)
	})
}

// pardon forgets failures that a kept trial contradicts.
func (t *tick) pardon(trial *Trial) {
	for _, s := range trial.Steps {
		if i := t.failedIndex(t.state.Failed, place{s.Setting, s.Topic}, direction(s, nil)); i >= 0 {
			t.state.Failed = slices.Delete(slices.Clone(t.state.Failed), i, i+1)
		}
	}
}
