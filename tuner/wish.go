package tuner

import (
	"slices"
	"sort"
	"strings"

	"github.com/veltrix/veltrix/settings"
)

// noteWishes keeps the safest value that careful rules asked for of each setting within the stabilisation window, so
// that a momentary wish is not followed, as an autoscaler scales down to the highest recommendation of its window.
func (t *tick) noteWishes() {
	if t.blindWhy != "" {
		return
	}
	t.state.Wishes = dropIf(t.state.Wishes, func(w Wish) bool { return t.now.Sub(w.Seen) >= t.cfg.Stabilization })
	t.state.Wishes = slices.Clone(t.state.Wishes)
	for i := range t.in.Signals {
		s := &t.in.Signals[i]
		if s.Class != ClassRelax && s.Class != ClassOptimize || !s.enforced() || s.Revert || s.Blocked != "" {
			continue
		}
		for j := range s.Actions {
			m := move{action: &s.Actions[j], class: s.Class}
			if t.usable(&m).reason == "" {
				t.noteWish(m)
			}
		}
	}
}

func (t *tick) noteWish(m move) {
	value := at(m.row, awayFrom(position(m.row, m.from), m.want))
	absolute := m.action.Op == OpTo || m.action.Op == OpTarget
	i, found := t.wishIndex(m.place)
	if !found {
		if len(t.state.Wishes) < maxWishes {
			t.state.Wishes = slices.Insert(t.state.Wishes, i, Wish{
				Setting: m.place.name, Topic: m.place.topic, Absolute: absolute, Safest: value, Since: t.now, Seen: t.now,
			})
		}
		return
	}
	w := &t.state.Wishes[i]
	w.Absolute = w.Absolute && absolute
	if t.now.Sub(w.Since) >= t.cfg.Stabilization {
		w.Former, w.Safest, w.Since = w.Safest, value, t.now
	}
	if safer(m.row, value, w.Safest) {
		w.Safest = value
	}
	w.Seen = t.now
}

// wish returns what was wished for the setting, nil if nothing was.
func (t *tick) wish(p place) *Wish {
	if i, found := t.wishIndex(p); found {
		return &t.state.Wishes[i]
	}
	return nil
}

// wishIndex finds by index, because a search that takes elements would copy each one it looks at.
func (t *tick) wishIndex(p place) (int, bool) {
	return sort.Find(len(t.state.Wishes), func(i int) int {
		w := &t.state.Wishes[i]
		if w.Setting != p.name {
			return strings.Compare(string(p.name), string(w.Setting))
		}
		return strings.Compare(p.topic, w.Topic)
	})
}

// safest returns the safest value of both windows.
func (w *Wish) safest(row settings.Setting) settings.Value {
	if w.Former.IsSet() && safer(row, w.Former, w.Safest) {
		return w.Former
	}
	return w.Safest
}
