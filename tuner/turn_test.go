package tuner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// TestTurnsAreCountedAtTheEdgeOfTheHour: a turn counts for an hour, also when the move before it, which shows that it was
// one, is older than that.
func TestTurnsAreCountedAtTheEdgeOfTheHour(t *testing.T) {
	for _, c := range []struct {
		name  string
		moves []move
		want  tuner.Reason
	}{
		{"two turns within the hour, one more is too many", []move{{70, 1}, {50, -1}, {40, 1}}, tuner.Frozen},
		{"one turn within the hour", []move{{90, 1}, {70, -1}, {50, 1}}, tuner.Protected},
		{"two hours apart is no turn", []move{{119, 1}, {50, -1}, {40, 1}}, tuner.Protected},
		{"the same way again", []move{{50, -1}, {40, -1}}, tuner.Protected},
	} {
		l := newLoop()
		l.cfg.Objectives = minimal().Objectives
		l.in.Objectives["p99"] = tuner.Reading{Value: 0.9, OK: true}
		l.instance("a").Effective = settings.Values{settings.ProducerLingerMs: settings.Number(40)}
		l.state.Version, l.state.LastTick = tuner.StateVersion, begin().Add(-l.cfg.Interval)
		l.state.Moves = moves(c.moves)
		l.in.Signals = []tuner.Signal{{Rule: "Lower", Class: tuner.ClassProtect, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
			{Set: settings.ProducerLingerMs, Op: tuner.OpTo, Operand: 20},
		}}}
		require.Equal(t, c.want, l.step(t).Reason, c.name)
	}
}

// TestCarefulStepsLeaveReversalsToProtecting: of its budget of reversals an hour a setting keeps two for protecting, and a
// careful step that is refused for it freezes nothing.
func TestCarefulStepsLeaveReversalsToProtecting(t *testing.T) {
	for _, c := range []struct {
		name   string
		budget int
		moves  []move
		want   tuner.Reason
	}{
		{"by default none is left", 2, []move{{59, -1}}, tuner.InCooldown},
		{"after an hour it is none", 2, []move{{60, -1}}, tuner.Relaxed},
		{"a larger budget has one for it", 3, []move{{10, -1}}, tuner.Relaxed},
		{"a smaller one doesn't", 1, []move{{10, -1}}, tuner.InCooldown},
		{"its take-back could be one, too", 2, []move{{50, -1}, {40, 1}}, tuner.InCooldown},
		{"the same way again", 2, []move{{50, 1}, {40, 1}}, tuner.Relaxed},
	} {
		l := longRunning()
		l.cfg.ReversalsPerHour, l.state.Moves = c.budget, moves(c.moves)
		l.in.Signals = []tuner.Signal{{Rule: "Longer", Class: tuner.ClassRelax, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
			{Set: settings.ProducerLingerMs, Op: tuner.OpTo, Operand: 50},
		}}}
		d := l.step(t)
		require.Equal(t, c.want, d.Reason, "%s: %s", c.name, d)
		require.Empty(t, l.state.Frozen, c.name)
	}
}

type move struct {
	ago int // minutes
	way settings.Direction
}

// moves are linger's.
func moves(all []move) []tuner.Move {
	var made []tuner.Move
	for _, m := range all {
		made = append(made, tuner.Move{
			Setting: settings.ProducerLingerMs, Direction: m.way, Time: begin().Add(-time.Duration(m.ago) * time.Minute),
		})
	}
	return made
}

// TestOptimisingFollowsTheSafestWish: a target that jumps about is followed to the safest value of the window.
func TestOptimisingFollowsTheSafestWish(t *testing.T) {
	l := newLoop()
	l.cfg.Objectives, l.cfg.Goal = minimal().Objectives, tuner.Minimize
	l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
	l.in.Goal = tuner.Reading{Value: 100, OK: true}
	l.instance("a").Effective = settings.Values{settings.ProducerLingerMs: settings.Number(100)}
	for i := range 130 {
		target := 120.0
		if i%10 == 0 {
			target = 101
		}
		l.in.Signals = []tuner.Signal{{Rule: "Fewer", Class: tuner.ClassOptimize, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
			{Set: settings.ProducerLingerMs, Op: tuner.OpTarget, Operand: target},
		}}}
		d := l.step(t)
		require.False(t, d.Changes(), "%s", d)
	}
}
