package tuner_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// asked is one action on one setting, with everything that limits its size.
type asked struct {
	row      settings.Setting
	from     int64
	op       tuner.Op
	operand  float64
	own, app settings.Bound
	careful  bool
}

// TestStepsAreWhatASimpleRuleSays compares every step with an oracle that thinks the other way round: it doesn't cut a
// wish down, it lists what may be wanted and takes what is nearest to the wish.
func TestStepsAreWhatASimpleRuleSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAsked(t)
		want, moves := a.oracle()
		step, moved := a.decided(t)
		require.Equal(t, moves, moved, "%+v: the oracle says %d", a, want)
		if moves {
			require.Equal(t, want, step, "%+v", a)
		}
	})
}

// oracle returns the value that the action leads to, false if it leads nowhere.
func (a asked) oracle() (int64, bool) {
	base := float64(max(1, a.from))
	wish := a.operand
	switch a.op {
	case tuner.OpAdd:
		wish = float64(a.from) + a.operand
	case tuner.OpMultiply, tuner.OpRatio:
		wish = base * a.operand
	case tuner.OpTo, tuner.OpTarget:
	}
	up := wish > float64(a.from)
	further := math.Floor(wish) // a fraction counts as the whole number further away
	if up {
		further = math.Ceil(wish)
	}
	best, found := 0.0, false
	for _, v := range append(a.edges(base), further) {
		if !a.may(v) || up != (v > float64(a.from)) || v == float64(a.from) || wish == float64(a.from) {
			continue
		}
		if !found || math.Abs(v-further) < math.Abs(best-further) {
			best, found = v, true
		}
	}
	return int64(best), found && math.Abs(best-float64(a.from)) >= 0.10*base
}

// edges are the numbers at which a limit may end a step.
func (a asked) edges(base float64) []float64 {
	edges := []float64{0, float64(a.row.Min), float64(a.row.Max), math.Floor(base * a.row.Factor), math.Ceil(base / a.row.Factor)}
	for _, b := range []settings.Bound{a.own, a.app} {
		for _, end := range []*int64{b.Min, b.Max} {
			if end != nil {
				edges = append(edges, float64(*end))
			}
		}
	}
	if a.careful {
		f := float64(a.from)
		edges = append(edges, math.Floor(f*1.25), math.Ceil(f*0.75), f+1, f-1)
	}
	return edges
}

// may says whether a step may end at v.
func (a asked) may(v float64) bool {
	for _, b := range []settings.Bound{a.own, a.app, {Min: &a.row.Min, Max: &a.row.Max}} {
		if b.Min != nil && v < float64(*b.Min) || b.Max != nil && v > float64(*b.Max) {
			return false
		}
	}
	f := float64(a.from)
	if larger, smaller := max(1, f, v), max(1, min(f, v)); larger > smaller*a.row.Factor {
		return false
	}
	return !a.careful || math.Abs(v-f) <= 1 || math.Abs(v-f) <= 0.25*f
}

func (a asked) decided(t require.TestingT) (int64, bool) {
	l := newLoop()
	limit := 0.15
	l.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &limit}}
	l.cfg.Bounds = settings.Bounds{a.row.Name: a.app}
	l.instance("a").Effective = settings.Values{a.row.Name: settings.Number(a.from)}
	class, reading := tuner.ClassProtect, 0.9
	if a.careful {
		class, reading = tuner.ClassRelax, 0.01
		long := begin().Add(-24 * time.Hour)
		l.state = tuner.State{
			Version: tuner.StateVersion, Since: long, LastTick: begin().Add(-l.cfg.Interval), HealthySince: long,
			LoadLevel: 19, LevelSince: long, LevelAsked: true, FleetPeak: 1, FleetPeakAt: long,
		}
	}
	l.in.Objectives["p99"] = tuner.Reading{Value: reading, OK: true}
	l.in.Signals = []tuner.Signal{{Rule: "Asked", Class: class, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
		{Set: a.row.Name, Op: a.op, Operand: a.operand, Bound: a.own},
	}}}
	d := l.step(t)
	if len(d.Steps) == 0 {
		return 0, false
	}
	require.Len(t, d.Steps, 1)
	return d.Steps[0].To.Int(), true
}

func drawAsked(t *rapid.T) asked {
	free := slices.DeleteFunc(slices.Clone(settings.All()), func(s settings.Setting) bool {
		return s.Kind == settings.Enum || s.Class == settings.Durability || slices.ContainsFunc(settings.Relations(), func(r settings.Relation) bool {
			return r.Most == s.Name || slices.Contains(r.Sum, s.Name)
		})
	})
	a := asked{row: rapid.SampledFrom(free).Draw(t, "setting"), careful: rapid.Bool().Draw(t, "careful")}
	a.from = rapid.OneOf(rapid.Int64Range(a.row.Min, a.row.Max), rapid.Int64Range(a.row.Min, min(a.row.Max, a.row.Min+50))).Draw(t, "from")
	a.op = rapid.SampledFrom([]tuner.Op{tuner.OpTo, tuner.OpAdd, tuner.OpMultiply, tuner.OpTarget, tuner.OpRatio}).Draw(t, "op")
	switch a.op {
	case tuner.OpMultiply, tuner.OpRatio:
		a.operand = rapid.Float64Range(0, 40).Draw(t, "factor")
	case tuner.OpAdd:
		a.operand = rapid.Float64Range(-float64(a.row.Max), float64(a.row.Max)).Draw(t, "summand")
	case tuner.OpTo, tuner.OpTarget:
		a.operand = rapid.Float64Range(-10, 2*float64(a.row.Max)).Draw(t, "value")
	}
	a.own, a.app = drawLimits(t, a.row), drawLimits(t, a.row)
	return a
}

func drawLimits(t *rapid.T, row settings.Setting) (b settings.Bound) {
	x, y := rapid.Int64Range(row.Min, row.Max).Draw(t, "one"), rapid.Int64Range(row.Min, row.Max).Draw(t, "other")
	if low := min(x, y); rapid.Bool().Draw(t, "has low") {
		b.Min = &low
	}
	if high := max(x, y); rapid.Bool().Draw(t, "has high") {
		b.Max = &high
	}
	return b
}
