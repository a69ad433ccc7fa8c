package tuner_test

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// TestNothingForbiddenIsEverDecided drives the loop with fuzzed rules, readings, documents, fleets, holds and clocks.
// What must hold is checked at every tick by loop.step: bounds, step factor, durability, exact take-backs, growing
// generations, no write when blind or held, the same decision after a restart, in another order, and in shadow.
func TestNothingForbiddenIsEverDecided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLoop()
		l.cfg = drawConfig(t)
		require.NoError(t, l.cfg.Validate())
		l.in.Fleet = drawFleet(t)
		l.in.Signals = drawSignals(t)
		for range rapid.IntRange(1, 60).Draw(t, "ticks") {
			disturb(t, l)
			l.step(t)
			bounded(t, l)
		}
	})
}

// disturb changes one thing of what the loop sees, more often nothing.
func disturb(t *rapid.T, l *loop) {
	switch rapid.IntRange(0, 19).Draw(t, "disturbance") {
	case 0:
		l.in.Signals = drawSignals(t)
	case 1:
		l.in.Fleet = drawFleet(t)
	case 2:
		l.document = drawDocument(t, l)
	case 3:
		l.in.Hold = drawHold(t, l.in.Now)
	case 4:
		l.in.Load = drawReading(t)
		l.in.Goal = drawReading(t)
	case 5:
		l.in.Now = l.in.Now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "jump")))
	case 6:
		l.slow[rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "slow")] = rapid.Bool().Draw(t, "is slow")
	case 7:
		l.in.DocumentError = rapid.SampledFrom([]string{"", "", "cut off"}).Draw(t, "document error")
	case 8, 9, 10, 11, 12:
		for _, o := range l.cfg.Objectives {
			l.in.Objectives[o.Name] = drawReading(t)
		}
	}
}

// bounded checks that nothing in the state grows without end.
func bounded(t *rapid.T, l *loop) {
	data, err := tuner.EncodeState(l.state)
	require.NoError(t, err)
	require.Less(t, len(data), 64<<10)
}

func drawConfig(t *rapid.T) tuner.Config {
	limit, ceiling := 0.15, 5.0
	c := tuner.Config{
		App: "hunt", Mode: rapid.SampledFrom([]tuner.Mode{tuner.ModeEnforce, tuner.ModeEnforce, tuner.ModeShadow}).Draw(t, "mode"),
		Objectives:       []tuner.Objective{{Name: "p99", Max: &limit, Ceiling: ceiling}, {Name: "answered", Min: &limit}},
		LongestRange:     rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second}).Draw(t, "range"),
		Stabilization:    rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second}).Draw(t, "stabilization"),
		MinHistory:       time.Second,
		Cooldown:         time.Second,
		ForeignFor:       time.Second,
		FailedFor:        time.Second,
		AckTimeout:       10 * time.Second,
		ChangesPerHour:   rapid.IntRange(1, 60).Draw(t, "changes"),
		ReversalsPerHour: rapid.IntRange(1, 10).Draw(t, "reversals"),
		BlindMode:        rapid.SampledFrom([]string{tuner.BlindHold, tuner.BlindRevert}).Draw(t, "blind mode"),
		Goal:             rapid.SampledFrom([]tuner.Goal{"", tuner.Minimize, tuner.Maximize}).Draw(t, "goal"),
		Bounds:           settings.Bounds{},
	}
	for range rapid.IntRange(0, 3).Draw(t, "bounds") {
		row := drawRow(t)
		if b := drawBound(t, row); (settings.Bounds{row.Name: b}).Check() == nil {
			c.Bounds[row.Name] = b
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "pin") == 0 {
		row := drawRow(t)
		pin := settings.Values{row.Name: drawValue(t, row)}
		if c.Bounds.Validate(pin) == nil {
			c.Pins = pin
		}
	}
	return c.WithDefaults()
}

func drawRow(t *rapid.T) settings.Setting {
	return rapid.SampledFrom(settings.All()).Draw(t, "setting")
}

func drawValue(t *rapid.T, row settings.Setting) settings.Value {
	if row.Kind == settings.Enum {
		return settings.Word(rapid.SampledFrom(row.Enum).Draw(t, "word"))
	}
	// Small values and the default's neighbourhood are where the interesting things happen.
	near := row.Min + rapid.Int64Range(0, min(100, row.Max-row.Min)).Draw(t, "small")
	if rapid.Bool().Draw(t, "anywhere") {
		near = rapid.Int64Range(row.Min, row.Max).Draw(t, "number")
	}
	return settings.Number(near)
}

func drawBound(t *rapid.T, row settings.Setting) settings.Bound {
	if row.Kind == settings.Enum {
		return settings.Bound{Allowed: rapid.SliceOfNDistinct(rapid.SampledFrom(row.Enum), 0, len(row.Enum), rapid.ID).Draw(t, "allowed")}
	}
	var b settings.Bound
	if rapid.Bool().Draw(t, "has min") {
		x := drawValue(t, row).Int()
		b.Min = &x
	}
	if rapid.Bool().Draw(t, "has max") {
		x := drawValue(t, row).Int()
		b.Max = &x
	}
	return b
}

func drawReading(t *rapid.T) tuner.Reading {
	return tuner.Reading{
		Value: rapid.SampledFrom([]float64{0, 0.01, 0.1, 0.14, 0.2, 0.5, 1, 4.9, 5, 100, -1, math.NaN(), math.Inf(1)}).Draw(t, "reading"),
		OK:    rapid.IntRange(0, 9).Draw(t, "ok") > 0,
	}
}

func drawFleet(t *rapid.T) []settings.Report {
	fleet := make([]settings.Report, rapid.IntRange(0, 3).Draw(t, "instances"))
	for i := range fleet {
		row := drawRow(t)
		fleet[i] = settings.Report{
			ID: string(rune('a' + i)), Generation: rapid.Int64Range(0, 5).Draw(t, "generation"),
			Effective: settings.Values{row.Name: drawValue(t, row)},
		}
		if rapid.IntRange(0, 9).Draw(t, "refuses") == 0 {
			fleet[i].Refusal = &settings.Refusal{Generation: rapid.Int64Range(0, 5).Draw(t, "refused"), Reason: "no"}
		}
	}
	return fleet
}

func drawHold(t *rapid.T, now time.Time) *tuner.Hold {
	if rapid.Bool().Draw(t, "released") {
		return nil
	}
	h := &tuner.Hold{Who: "eve", Since: now}
	if rapid.Bool().Draw(t, "ends") {
		h.Until = now.Add(20 * time.Second)
	}
	if rapid.Bool().Draw(t, "partial") {
		h.Settings = []settings.Name{drawRow(t).Name}
	}
	return h
}

// drawDocument is what somebody else may have written: anything that the hard bounds allow, or nothing.
func drawDocument(t *rapid.T, l *loop) settings.Document {
	if rapid.IntRange(0, 3).Draw(t, "deleted") == 0 {
		return settings.Document{}
	}
	d := settings.Document{Schema: 1, App: "hunt", Generation: max(l.highest, l.document.Generation) + 1, Settings: settings.Values{}, Time: l.in.Now}
	for range rapid.IntRange(0, 3).Draw(t, "values") {
		row := drawRow(t)
		d.Settings = d.Settings.With(row.Name, drawValue(t, row))
		if row.PerTopic && rapid.Bool().Draw(t, "for a topic") {
			d.Topics = map[string]settings.Values{"t": {row.Name: drawValue(t, row)}}
		}
	}
	if d.Validate() != nil {
		return l.document
	}
	return d
}

func drawSignals(t *rapid.T) []tuner.Signal {
	classes := []tuner.Class{
		tuner.ClassProtect, tuner.ClassProtect, tuner.ClassProtect, tuner.ClassRelax, tuner.ClassRelax, tuner.ClassOptimize, tuner.ClassInterlock,
	}
	modes := []tuner.Mode{tuner.ModeEnforce, tuner.ModeEnforce, tuner.ModeEnforce, tuner.ModeShadow, tuner.ModeOff}
	signals := make([]tuner.Signal, rapid.IntRange(0, 5).Draw(t, "signals"))
	for i := range signals {
		signals[i] = tuner.Signal{
			Rule: "R" + strconv.Itoa(i), Group: "g", Class: rapid.SampledFrom(classes).Draw(t, "class"),
			Mode: rapid.SampledFrom(modes).Draw(t, "mode"), Priority: rapid.IntRange(0, 1).Draw(t, "priority"),
			Revert: rapid.IntRange(0, 9).Draw(t, "revert") == 0, Value: rapid.SampledFrom([]float64{1, math.NaN()}).Draw(t, "value"),
		}
		if signals[i].Class == tuner.ClassInterlock && rapid.IntRange(0, 3).Draw(t, "rare") > 0 {
			signals[i].Class = tuner.ClassProtect
		}
		for range rapid.IntRange(0, 3).Draw(t, "actions") {
			signals[i].Actions = append(signals[i].Actions, drawAction(t))
		}
	}
	return signals
}

func drawAction(t *rapid.T) tuner.Action {
	row := drawRow(t)
	a := tuner.Action{
		Set:     row.Name,
		Op:      rapid.SampledFrom([]tuner.Op{tuner.OpTo, tuner.OpAdd, tuner.OpMultiply, tuner.OpTarget, tuner.OpRatio, "other"}).Draw(t, "op"),
		Operand: rapid.SampledFrom([]float64{0, 0.1, 0.5, 1, 1.2, 2, 50, 1e9, 1e300, -1, math.NaN(), math.Inf(-1)}).Draw(t, "operand"),
		Bound:   drawBound(t, row),
		Blind:   rapid.IntRange(0, 9).Draw(t, "blind") == 0,
	}
	if row.Kind == settings.Enum {
		a.Word = rapid.SampledFrom(append([]string{"nonsense"}, row.Enum...)).Draw(t, "word")
	}
	if rapid.IntRange(0, 4).Draw(t, "per topic") == 0 {
		a.Topic = "t"
	}
	return a
}

// TestUnitsDontMatter multiplies every reading and limit by a power of two, which is exact: what is written must stay
// the same.
func TestUnitsDontMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := math.Exp2(float64(rapid.IntRange(-10, 10).Draw(t, "scale")))
		limit, scaled := 0.15, 0.15*scale
		plain, other := newLoop(), newLoop()
		for _, l := range []*loop{plain, other} {
			l.sparse = true
			l.cfg.LongestRange, l.cfg.Stabilization, l.cfg.MinHistory = 10*time.Second, 20*time.Second, time.Second
			l.instance("a")
		}
		plain.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &limit}}
		other.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &scaled}}
		for range 25 {
			if rapid.IntRange(0, 4).Draw(t, "change") == 0 {
				v := rapid.Float64Range(0, 0.5).Draw(t, "reading")
				plain.in.Objectives["p99"] = tuner.Reading{Value: v, OK: true}
				other.in.Objectives["p99"] = tuner.Reading{Value: v * scale, OK: true}
			}
			if rapid.IntRange(0, 9).Draw(t, "other rules") == 0 {
				plain.in.Signals = drawSignals(t)
				other.in.Signals = plain.in.Signals
			}
			a, b := plain.step(t), other.step(t)
			require.Equal(t, a.Reason, b.Reason)
			require.Equal(t, a.Steps, b.Steps)
		}
	})
}
