package tuner

import (
	"fmt"
	"math"
	"slices"

	"github.com/veltrix/veltrix/settings"
)

// want returns the position that the action asks for, given the present one, before any limit. It is false if there
// is none. A factor moves from 0 as it would from 1, because 0 times anything never moves.
func (a *Action) want(row settings.Setting, from int64) (float64, bool) {
	if row.Kind == settings.Enum {
		return a.wantNotch(row, from)
	}
	var want float64
	switch a.Op {
	case OpTo, OpTarget:
		want = a.Operand
	case OpAdd:
		want = float64(from) + a.Operand
	case OpMultiply, OpRatio:
		want = float64(max(1, from)) * a.Operand
	default:
		return 0, false
	}
	if a.Word != "" || !finite(want) || (a.Op == OpMultiply || a.Op == OpRatio) && a.Operand < 0 {
		return 0, false
	}
	return clamp(want, -most, most), true
}

// most bounds what is computed with, so that no position overflows; every setting's own bounds are far inside.
const most = 1 << 52

func (a *Action) wantNotch(row settings.Setting, from int64) (float64, bool) {
	last := float64(len(row.Enum) - 1)
	switch {
	case a.Op == OpTo && a.Word != "":
		i := slices.Index(row.Enum, a.Word)
		return float64(i), i >= 0
	case a.Op == OpAdd && finite(a.Operand):
		return clamp(math.Round(float64(from)+a.Operand), 0, last), true
	}
	return 0, false
}

// reachable cuts the wish down to what one step and every bound allow, and refuses if nothing is left of it.
func (t *tick) reachable(m *move) refusal {
	if m.row.Kind == settings.Enum {
		return t.reachNotch(m)
	}
	from := m.from.Int()
	if m.want == float64(from) {
		return refusal{InDeadBand, "it has that value"}
	}
	low, high := t.bounds(m.row, m.action.Bound)
	down, up := oneStep(m.row, from)
	if m.class == ClassRelax || m.class == ClassOptimize {
		// A careful step is also a careful share of the value; it is at least one unit.
		down = max(down, min(from-1, int64(math.Ceil(float64(from)*(1-t.cfg.OptimizeStep)))))
		up = min(up, max(from+1, int64(math.Floor(float64(from)*(1+t.cfg.OptimizeStep)))))
	}
	to := min(max(awayFrom(from, m.want), down), up)
	to = max(min(to, high), low)
	switch {
	case low > high:
		return refusal{OutOfReach, "its bounds leave no value"}
	case to < down || to > up:
		return refusal{OutOfReach, fmt.Sprintf("%d is outside %d … %d, further than one step; an operator has to set it", from, low, high)}
	case direct(float64(to-from)) != direct(m.want-float64(from)):
		return refusal{AtBound, fmt.Sprintf("%d … %d", low, high)}
	}
	m.to = settings.Number(to)
	return refusal{}
}

// awayFrom rounds want to a whole number away from the present one, so that a wish to move is a move.
func awayFrom(from int64, want float64) int64 {
	if want > float64(from) {
		return int64(math.Ceil(want))
	}
	return int64(math.Floor(want))
}

// oneStep returns how far the table's factor allows to go at once. 0 counts as 1: it is within one step of everything
// that 1 is, and the other way round.
func oneStep(row settings.Setting, from int64) (down, up int64) {
	base := float64(max(1, from))
	up = int64(math.Floor(base * row.Factor))
	if base > row.Factor {
		down = int64(math.Ceil(base / row.Factor))
	}
	return down, up
}

// bounds returns what the table, the application and the action all allow.
func (t *tick) bounds(row settings.Setting, own settings.Bound) (low, high int64) {
	low, high = row.Min, row.Max
	for _, b := range []settings.Bound{t.cfg.Bounds[row.Name], own} {
		if b.Min != nil {
			low = max(low, *b.Min)
		}
		if b.Max != nil {
			high = min(high, *b.Max)
		}
	}
	return low, high
}

// reachNotch moves an enum by one notch of the words that are allowed.
func (t *tick) reachNotch(m *move) refusal {
	from := position(m.row, m.from)
	way := direct(m.want - float64(from))
	if way == 0 {
		return refusal{InDeadBand, "it has that value"}
	}
	for to := from + int64(way); to >= 0 && to < int64(len(m.row.Enum)); to += int64(way) {
		if float64(to)*float64(way) > m.want*float64(way) {
			break
		}
		if t.allows(m.row, m.action.Bound, m.row.Enum[to]) {
			m.to = at(m.row, to)
			return refusal{}
		}
	}
	return refusal{AtBound, "no allowed word lies that way"}
}

func (t *tick) allows(row settings.Setting, own settings.Bound, word string) bool {
	for _, b := range []settings.Bound{t.cfg.Bounds[row.Name], own} {
		if len(b.Allowed) > 0 && !slices.Contains(b.Allowed, word) {
			return false
		}
	}
	return true
}

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }
