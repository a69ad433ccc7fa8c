package tuner

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/veltrix/veltrix/settings"
)

// recallRule stands where a rule's name does.
const recallRule = "recall"

// recall returns, in one step, to the settings that held when the load was last where it has moved to.
func (t *tick) recall() outcome {
	p := t.recalled
	if p == nil {
		return outcome{}
	}
	if who := t.lagging(t.in.Document.Generation, true); who != "" {
		return t.stacked(who)
	}
	m := t.nearMemory()
	detail := fmt.Sprintf("the load moved to level %d, where this held %s", t.state.LoadLevel, times(m.Times))
	return outcome{
		reason: Recalled, change: t.change(p, t.recallClass()), detail: join(t.describeBroken(), join(detail, p.why)),
	}
}

// recallClass is the class by which a recall is limited and judged: while an objective is broken it protects.
func (t *tick) recallClass() Class {
	if len(t.broken) > 0 {
		return ClassProtect
	}
	return ClassRecall
}

// recollect asks the memory once for each time the load comes to a level: at once if an objective is broken, else when
// it is clear that the load stays there, because a ramp passes through levels and no step is made for each, and that it
// is not noise at the edge of a level: the present settings were chosen at a load from which it differs by a load shift.
func (t *tick) recollect() {
	if t.state.LevelAsked || len(t.broken) == 0 && t.now.Sub(t.state.LevelSince) < t.cfg.LongestRange {
		return
	}
	m := t.nearMemory()
	if m == nil {
		t.state.LevelAsked = true
		return
	}
	if len(t.broken) == 0 && t.state.LoadAnchor > 0 && !t.shifted(t.state.LoadAnchor, t.in.Load.Value) {
		return
	}
	actions := t.differences(m)
	if len(actions) == 0 || len(t.broken) == 0 && t.asGood(m) {
		t.state.LevelAsked, t.state.LoadAnchor = true, t.in.Load.Value
		return
	}
	p := t.hear(&Signal{Rule: recallRule, Mode: ModeEnforce, Actions: actions}, t.recallClass())
	if len(p.steps) == 0 || len(t.broken) == 0 && t.slight(p.steps) {
		t.state.LevelAsked, t.state.LoadAnchor = true, t.in.Load.Value
		return
	}
	t.recalled = &p
}

// slight says that no step is larger than an optimising one. While all objectives hold, settings as near to the remembered
// ones as that are not worth a trial: a protecting step that came while the load was still on its way may have led there.
func (t *tick) slight(steps []Step) bool {
	return !slices.ContainsFunc(steps, func(s Step) bool {
		row, _ := settings.Lookup(s.Setting)
		if row.Kind == settings.Enum {
			return true
		}
		from, to := float64(s.From.Int()), float64(s.To.Int())
		return math.Abs(to-from) > t.cfg.OptimizeStep*max(1, from)
	})
}

// asGood says that by the goal the present settings are as good as the remembered ones, within the dead band. While all
// objectives hold there is nothing to go back for then; the level will remember the present ones instead.
func (t *tick) asGood(m *LevelMemory) bool {
	present := goals(t.baseline())
	if t.cfg.Goal == "" || m.Goal == nil || len(present) == 0 {
		return false
	}
	now := median(present)
	return t.cfg.Goal.sign()*(now-*m.Goal) < t.cfg.DeadBand*math.Abs(now)
}

// differences returns the actions that lead from the present values to the remembered ones. What the memory doesn't
// set stays as it is.
func (t *tick) differences(m *LevelMemory) []Action {
	actions := t.differencesIn(nil, "", m.Settings)
	for _, topic := range slices.Sorted(maps.Keys(m.Topics)) {
		actions = t.differencesIn(actions, topic, m.Topics[topic])
	}
	return actions
}

func (t *tick) differencesIn(actions []Action, topic string, values settings.Values) []Action {
	for _, name := range values.Names() {
		row, _ := settings.Lookup(name)
		if v := values[name]; v != t.present(row, topic) {
			actions = append(actions, Action{Set: name, Topic: topic, Op: OpTo, Operand: float64(v.Int()), Word: v.Text()})
		}
	}
	return actions
}

// nearMemory returns what is remembered of the present level, or else of a neighbour whose widened edges hold the load
// too: near an edge it depends on noise, and on where the load came from, which of the two it is said to be at.
func (t *tick) nearMemory() *LevelMemory {
	load := t.in.Load.Value
	bare := bareLevel(load)
	for _, level := range []int{t.state.LoadLevel, bare, bare + 1, bare - 1} {
		if m := t.memoryOf(level); m != nil && loadLevel(load, level) == level {
			return m
		}
	}
	return nil
}

func (t *tick) memoryOf(level int) *LevelMemory {
	if i, found := t.levelIndex(level); found {
		return &t.state.Levels[i]
	}
	return nil
}

func (t *tick) levelIndex(level int) (int, bool) {
	return slices.BinarySearchFunc(t.state.Levels, level, func(m LevelMemory, level int) int { return m.Level - level })
}

// forgetLevelAfter is how long what held at a level is remembered without being seen to hold again.
const forgetLevelAfter = 14 * 24 * time.Hour

// noteLevel keeps which level the load is at, and what holds there. Values that are seen to break an objective at
// their level are forgotten.
func (t *tick) noteLevel() {
	if t.blindWhy != "" || t.in.DocumentError != "" {
		return
	}
	if level := loadLevel(t.in.Load.Value, t.state.LoadLevel); level != t.state.LoadLevel || t.state.LevelSince.IsZero() {
		t.state.LoadLevel, t.state.LevelSince, t.state.LevelAsked = level, t.now, false
	}
	t.state.Levels = dropIf(t.state.Levels, func(m LevelMemory) bool { return t.now.Sub(m.Seen) >= forgetLevelAfter })
	switch {
	case t.state.Trial != nil || !t.state.ForeignSince.IsZero() || t.now.Sub(t.state.LevelSince) < t.cfg.LongestRange:
	case t.state.BrokenTicks >= confirmedBreaches && t.runs(t.nearMemory()):
		t.forgetLevel()
	case len(t.broken) == 0 && t.steadyFor() >= t.cfg.Stabilization && len(t.in.Document.Settings)+len(t.in.Document.Topics) > 0:
		t.learnLevel(t.runs(t.memoryOf(t.state.LoadLevel)))
	}
}

// runs says whether the document has the values of m.
func (t *tick) runs(m *LevelMemory) bool {
	return m != nil && t.in.Document.SameValues(settings.Document{Settings: m.Settings, Topics: m.Topics})
}

// steadyFor is how long the objectives have held at this level with these values.
func (t *tick) steadyFor() time.Duration {
	since := t.state.HealthySince
	if t.state.LevelSince.After(since) {
		since = t.state.LevelSince
	}
	if n := len(t.state.Moves); n > 0 && t.state.Moves[n-1].Time.After(since) {
		since = t.state.Moves[n-1].Time
	}
	return t.now.Sub(since)
}

func (t *tick) learnLevel(same bool) {
	i, found := t.levelIndex(t.state.LoadLevel)
	levels := slices.Clone(t.state.Levels)
	if !found {
		levels = slices.Insert(levels, i, LevelMemory{Level: t.state.LoadLevel})
	}
	if !same {
		levels[i] = LevelMemory{Level: t.state.LoadLevel, Settings: t.in.Document.Settings, Topics: t.in.Document.Topics}
		if levels[i].Settings == nil {
			levels[i].Settings = settings.Values{}
		}
	}
	if !levels[i].Visit.Equal(t.state.LevelSince) {
		levels[i].Times++
	}
	levels[i].Visit, levels[i].Seen = t.state.LevelSince, t.now
	levels[i].Goal = t.smoothedGoal(levels[i].Goal)
	if len(levels) > maxLevels {
		oldest := slices.MinFunc(levels, func(a, b LevelMemory) int { return a.Seen.Compare(b.Seen) })
		levels = slices.DeleteFunc(levels, func(m LevelMemory) bool { return m.Level == oldest.Level })
	}
	t.state.Levels = levels
}

// goalMemory is about how many readings a level's goal is smoothed over.
const goalMemory = 20

// smoothedGoal takes the present reading into what is remembered.
func (t *tick) smoothedGoal(remembered *float64) *float64 {
	now := t.goalForLoad()
	if remembered == nil || now == nil {
		return cmp.Or(now, remembered)
	}
	smoothed := *remembered + (*now-*remembered)/goalMemory
	return &smoothed
}

// forgetLevel forgets what nearMemory returns.
func (t *tick) forgetLevel() {
	if m := t.nearMemory(); m != nil {
		level := m.Level
		t.state.Levels = dropIf(t.state.Levels, func(m LevelMemory) bool { return m.Level == level })
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
