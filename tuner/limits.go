package tuner

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veltrix/veltrix/settings"
)

// move is one action on its way through the limits.
type move struct {
	action *Action
	class  Class
	row    settings.Setting
	place  place
	from   settings.Value
	// want is the position that the action asks for, before any limit; to is what the limits leave of it.
	want float64
	to   settings.Value
}

// refusal is why a move is not made; without a reason it is.
type refusal struct {
	reason Reason
	detail string
}

// limit passes the move through every limit, in this order, until one refuses it.
func (t *tick) limit(m *move) refusal {
	for _, limit := range []func(*tick, *move) refusal{
		(*tick).usable,
		(*tick).free,
		(*tick).wished,
		(*tick).durable,
		(*tick).reachable,
		(*tick).noticeable,
		(*tick).rested,
		(*tick).turnable,
		(*tick).untried,
	} {
		if r := limit(t, m); r.reason != "" {
			return r
		}
	}
	return refusal{}
}

// usable refuses what can't be computed.
func (t *tick) usable(m *move) refusal {
	row, ok := settings.Lookup(m.action.Set)
	if !ok {
		return refusal{Unusable, "the table has no such setting"}
	}
	if m.action.Topic != "" && !row.PerTopic {
		return refusal{Unusable, "the setting is the whole application's, not a topic's"}
	}
	m.row, m.place = row, place{row.Name, m.action.Topic}
	if m.action.Blind {
		return refusal{Blind, "the action's expression has no usable value"}
	}
	m.from = t.present(row, m.action.Topic)
	if !m.from.IsSet() || row.Kind == settings.Enum && row.Notch(m.from) < 0 {
		return refusal{Unusable, "the present value is not known"}
	}
	if m.want, ok = m.action.want(row, position(row, m.from)); !ok {
		return refusal{Unusable, "the operand gives no value"}
	}
	return refusal{}
}

// free refuses what people keep for themselves.
func (t *tick) free(m *move) refusal {
	if _, ok := t.cfg.Pins[m.place.name]; ok {
		return refusal{Pinned, "by the configuration"}
	}
	if t.holds(m.place) {
		return refusal{Held, t.hold().describe()}
	}
	return refusal{}
}

// wished replaces what a careful rule asks for now by the safest that was asked for within the stabilisation window.
func (t *tick) wished(m *move) refusal {
	if m.class != ClassRelax && m.class != ClassOptimize {
		return refusal{}
	}
	w := t.wish(m.place)
	if w == nil {
		return refusal{Stabilizing, fmt.Sprintf("the wishes for %d others are watched already", maxWishes)}
	}
	safest := float64(position(m.row, w.safest(m.row)))
	if before := m.want; float64(m.row.Safer)*(safest-before) > 0 {
		m.want = safest
		if direct(m.want-float64(position(m.row, m.from))) != direct(before-float64(position(m.row, m.from))) {
			return refusal{InDeadBand, "the safest value asked for in the window is no move"}
		}
	}
	return refusal{}
}

// durable refuses to loosen a durability setting, whoever asks.
func (t *tick) durable(m *move) refusal {
	if to := at(m.row, int64(m.want)); m.row.Loosens(m.from, to) {
		return refusal{DurabilityLocked, "only an operator may loosen it, by name"}
	}
	return refusal{}
}

// noticeable refuses steps inside the dead band. A notch is never inside.
func (t *tick) noticeable(m *move) refusal {
	if m.row.Kind == settings.Enum {
		return refusal{}
	}
	from, to := float64(m.from.Int()), float64(m.to.Int())
	if math.Abs(to-from) < t.cfg.DeadBand*max(1, from) {
		return refusal{InDeadBand, fmt.Sprintf("%s → %s", m.from, m.to)}
	}
	return refusal{}
}

// rested refuses to move a setting again too soon. A protecting step waits for settling instead, which has passed.
func (t *tick) rested(m *move) refusal {
	if m.class == ClassProtect {
		return refusal{}
	}
	if last := t.lastMove(m.place); last != nil {
		if ago := t.now.Sub(last.Time); ago < t.cfg.Cooldown {
			return refusal{InCooldown, fmt.Sprintf("moved %s ago", round(ago))}
		}
	}
	return refusal{}
}

// turnable refuses to move a frozen setting, and to turn one around more often than its budget of reversals allows. Only
// protecting can use a budget up, and so freeze the setting: what is careful is refused before.
func (t *tick) turnable(m *move) refusal {
	if until, ok := t.state.Frozen[m.place.name]; ok {
		return refusal{Frozen, "until " + until.Format(time.RFC3339)}
	}
	turns, last := t.turnsWith(m), t.lastMove(m.place)
	turning := last != nil && last.Direction != m.direction()
	switch {
	case turns <= t.turnsFor(m.class), m.class == ClassProtect && !turning:
		return refusal{}
	case m.class != ClassProtect && turning:
		return refusal{InCooldown, fmt.Sprintf("moved %s %s ago; the hour's reversals are kept for protecting", last.Direction, round(t.now.Sub(last.Time)))}
	case m.class != ClassProtect:
		return refusal{InCooldown, fmt.Sprintf("it turned around %s within the hour; another reversal is kept for protecting", times(turns))}
	case !slices.Contains(t.over, m.place.name):
		t.over = append(t.over, m.place.name)
	}
	return refusal{Frozen, fmt.Sprintf("it turned around %s within the hour", times(turns-1))}
}

// turnsWith counts the reversals of the hour with this move.
func (t *tick) turnsWith(m *move) int {
	turns := t.reversals(m.place)
	if last := t.lastMove(m.place); last != nil && last.Direction != m.direction() {
		turns++
	}
	return turns
}

// turnsFor is how many reversals an hour may have with a step of the class. What is careful counts as if it were taken back,
// because that can't be refused, and relaxing and optimising leave another one to protecting: with the default budget they
// never turn a setting around within an hour, nor move one that was, so that what protects and what is careful can't
// chase each other.
func (t *tick) turnsFor(class Class) int {
	budget := t.cfg.ReversalsPerHour
	switch class {
	case ClassProtect:
		return budget
	case ClassRecall:
		return max(0, budget-1)
	case ClassRelax, ClassOptimize, ClassInterlock: // an interlock moves nothing
	}
	return max(0, budget-2)
}

// untried refuses what was taken back in the same context lately. Once its time is over it may be tried again; if readings
// spoke against it, not before the hour has room for it to be taken back again, because where nothing helps a setting would
// otherwise swing to and fro.
func (t *tick) untried(m *move) refusal {
	i := t.failedIndex(t.state.Failed, m.place, m.direction())
	if i < 0 {
		return refusal{}
	}
	f := t.state.Failed[i]
	if t.now.Before(f.Until) {
		return refusal{FailedBefore, fmt.Sprintf("%s was taken back at this load, %d in all; not again before %s",
			m.direction(), f.Times, f.Until.Format(time.RFC3339))}
	}
	if turns := t.turnsWith(m); f.Judged && turns+1 > t.cfg.ReversalsPerHour {
		return refusal{FailedBefore, fmt.Sprintf("%s was taken back at this load, %d in all; again, it would turn around %s within the hour",
			m.direction(), f.Times, times(turns+1))}
	}
	return refusal{}
}

func (m *move) direction() settings.Direction {
	return settings.Direction(direct(float64(position(m.row, m.to) - position(m.row, m.from))))
}

// direct returns the sign of x.
func direct(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
