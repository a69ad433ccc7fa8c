package tuner_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// loop is a shell for tests: it keeps what etcd, Prometheus and the instances would, runs Decide and obeys it. At every
// tick it checks what must hold at every tick.
type loop struct {
	cfg      tuner.Config
	state    tuner.State
	in       tuner.Input
	document settings.Document
	highest  int64
	tick     int
	// slow instances apply nothing, strict ones refuse documents that hold a setting.
	slow   map[string]bool
	strict map[string]settings.Name
	// sparse checks sameness only where something happens and at one tick of many, for runs over hours and days.
	sparse bool
	last   tuner.Reason
}

func begin() time.Time { return time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) }

func newLoop() *loop {
	return &loop{
		cfg:    tuner.Config{App: "hunt", Mode: tuner.ModeEnforce}.WithDefaults(),
		in:     tuner.Input{Now: begin(), Objectives: map[string]tuner.Reading{}, Load: tuner.Reading{Value: 1000, OK: true}},
		slow:   map[string]bool{},
		strict: map[string]settings.Name{},
	}
}

// step lets instances apply, decides, checks, obeys, and moves the clock on.
func (l *loop) step(t require.TestingT) tuner.Decision {
	l.applyDocument()
	l.in.Document = settings.Document{}
	if l.in.DocumentError == "" {
		l.in.Document = l.document
		l.highest = max(l.highest, l.document.Generation)
	}
	l.in.DecisionID = fmt.Sprintf("d%04d", l.tick)
	l.tick++
	state, d := tuner.Decide(l.cfg, l.state, l.in)
	if !l.sparse || d.Reason != l.last || l.tick%50 == 0 {
		l.checkSameAgain(t, state, d)
	}
	l.last = d.Reason
	l.checkSafe(t, d)
	l.state = state
	if d.Next != nil && l.cfg.Mode == tuner.ModeEnforce {
		l.document = *d.Next
		l.highest = d.Next.Generation
	}
	l.in.Now = l.in.Now.Add(l.cfg.Interval)
	return d
}

func (l *loop) applyDocument() {
	for i := range l.in.Fleet {
		r := &l.in.Fleet[i]
		name, strict := l.strict[r.ID]
		_, holds := l.document.Settings[name]
		switch {
		case l.slow[r.ID]:
		case strict && holds:
			r.Refusal = &settings.Refusal{Generation: l.document.Generation, Settings: []settings.Name{name}, Reason: string(name) + " is not this instance's to change"}
		default:
			r.Generation, r.Refusal = l.document.Generation, nil
		}
	}
}

// checkSameAgain checks that the decision depends on nothing but its arguments, and on no order in them; that a
// restart between any two ticks changes nothing; and that shadow decides the same and remembers no change.
func (l *loop) checkSameAgain(t require.TestingT, state tuner.State, d tuner.Decision) {
	data, err := tuner.EncodeState(l.state)
	require.NoError(t, err)
	restored, err := tuner.DecodeState(data)
	require.NoError(t, err)

	shuffled := l.in
	shuffled.Signals, shuffled.Fleet = slices.Clone(l.in.Signals), slices.Clone(l.in.Fleet)
	slices.Reverse(shuffled.Signals)
	slices.Reverse(shuffled.Fleet)
	stateAgain, again := tuner.Decide(l.cfg, restored, shuffled)
	require.Equal(t, asJSON(t, d), asJSON(t, again), "after a restart, and in another order")
	require.Equal(t, asJSON(t, d.Next), asJSON(t, again.Next))
	require.Equal(t, asJSON(t, state), asJSON(t, stateAgain))
	untouched, err := tuner.EncodeState(l.state)
	require.NoError(t, err)
	require.Equal(t, string(data), string(untouched), "Decide modified its argument")

	if l.cfg.Mode != tuner.ModeEnforce {
		return
	}
	shadow := l.cfg
	shadow.Mode = tuner.ModeShadow
	shadowState, shown := tuner.Decide(shadow, l.state, l.in)
	require.Equal(t, tuner.ModeShadow, shown.Mode)
	shown.Mode = d.Mode
	require.Equal(t, asJSON(t, d), asJSON(t, shown), "shadow decides the same")
	require.Equal(t, asJSON(t, d.Next), asJSON(t, shown.Next))
	if d.Next != nil {
		require.Equal(t, l.document.Generation, shadowState.Generation, "shadow counts no generation")
		require.Equal(t, len(shadowState.Moves), min(len(shadowState.Moves), len(l.state.Moves)), "shadow remembers no move")
		require.True(t, shadowState.Trial == nil || shadowState.Trial.Generation <= l.document.Generation, "shadow begins no trial")
	}
}

// checkSafe checks what no decision may ever do.
func (l *loop) checkSafe(t require.TestingT, d tuner.Decision) {
	require.Contains(t, tuner.Reasons(), d.Reason)
	if d.Next == nil {
		require.Empty(t, d.Steps)
		require.Equal(t, d.Generation, d.NextGeneration)
		return
	}
	require.Greater(t, d.Next.Generation, max(l.document.Generation, l.highest), "generations only grow")
	if l.document.Generation == 0 || l.document.Validate() == nil {
		require.NoError(t, d.Next.Validate(), "what is written can be read")
	}
	if l.held() {
		require.Equal(t, tuner.TakenBackInterlock, d.Reason, "under a hold nothing else is written")
	}
	back := strings.HasPrefix(string(d.Reason), "TakenBack")
	for _, s := range d.Steps {
		row, ok := settings.Lookup(s.Setting)
		require.True(t, ok)
		require.False(t, row.Loosens(s.From, s.To), "%s loosens durability", s)
		if !back {
			require.NoError(t, settings.Values{s.Setting: s.To}.Validate())
			require.NoError(t, l.cfg.Bounds.Validate(settings.Values{s.Setting: s.To}))
			require.LessOrEqual(t, factor(row, s), row.Factor, "%s is more than one step", s)
			require.NotContains(t, l.cfg.Pins, s.Setting)
		}
	}
	if back {
		former := l.state.Trial.Former
		require.True(t, d.Next.SameValues(former) || former.Generation == 0 && len(d.Next.Settings) == 0 || tightened(l.state.Trial),
			"a take-back restores the former document exactly")
	}
	for _, o := range l.cfg.Objectives {
		if r := l.in.Objectives[o.Name]; !r.OK || math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
			require.Equal(t, tuner.TakenBackBlind, d.Reason, "blind ticks write nothing else")
		}
	}
}

func (l *loop) held() bool {
	h := l.in.Hold
	return h != nil && len(h.Settings) == 0 && (h.Until.IsZero() || l.in.Now.Before(h.Until))
}

func tightened(trial *tuner.Trial) bool {
	return slices.ContainsFunc(trial.Steps, func(s tuner.Step) bool {
		row, _ := settings.Lookup(s.Setting)
		return row.Loosens(s.To, s.From)
	})
}

// factor is by what a step multiplies or divides its setting, 0 counting as 1; a notch is 1.
func factor(row settings.Setting, s tuner.Step) float64 {
	if row.Kind == settings.Enum {
		return 0
	}
	from, to := float64(max(1, s.From.Int())), float64(max(1, s.To.Int()))
	return max(from, to) / min(from, to)
}

func asJSON(t require.TestingT, v any) string {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// instance returns the report of a live instance, which it adds if it is new.
func (l *loop) instance(id string) *settings.Report {
	for i := range l.in.Fleet {
		if l.in.Fleet[i].ID == id {
			return &l.in.Fleet[i]
		}
	}
	l.in.Fleet = append(l.in.Fleet, settings.Report{ID: id, App: l.cfg.App, Effective: settings.Values{}})
	return &l.in.Fleet[len(l.in.Fleet)-1]
}

// signal returns the signal of a rule, which it adds if it is new.
func (l *loop) signal(rule string) *tuner.Signal {
	for i := range l.in.Signals {
		if l.in.Signals[i].Rule == rule {
			return &l.in.Signals[i]
		}
	}
	l.in.Signals = append(l.in.Signals, tuner.Signal{Rule: rule, Group: "test", Mode: tuner.ModeEnforce, Value: 1})
	return &l.in.Signals[len(l.in.Signals)-1]
}

func TestReasonsAreUnique(t *testing.T) {
	seen := map[tuner.Reason]bool{}
	for _, r := range tuner.Reasons() {
		require.False(t, seen[r], "%s is listed twice", r)
		seen[r] = true
	}
}
