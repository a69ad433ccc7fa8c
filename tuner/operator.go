package tuner

import (
	"fmt"
	"slices"
	"time"
)

// operator respects people: a hold of everything, and a document that somebody else wrote, for a while. A hold of
// some settings, and pins, stand among the limits of each step.
func (t *tick) operator() outcome {
	if h := t.hold(); h != nil && len(h.Settings) == 0 {
		return outcome{reason: Held, detail: h.describe()}
	}
	t.leaveHeldTrial()
	if left := t.foreignLeft(); left > 0 {
		return outcome{reason: ForeignWrite, detail: fmt.Sprintf("generation %d is left alone for another %s", t.state.Generation, round(left))}
	}
	t.state.ForeignSince = time.Time{}
	return outcome{}
}

// foreignLeft is for how long somebody else's document is left alone; not positive if there is none, because no time is as long
// ago as the zero time.
func (t *tick) foreignLeft() time.Duration {
	return t.cfg.ForeignFor - t.now.Sub(t.state.ForeignSince)
}

// occupied says whether a person has the document now, so that even a take-back has to wait.
func (t *tick) occupied() bool { return t.hold() != nil || t.foreignLeft() > 0 }

// leaveHeldTrial ends a trial unjudged if the operator holds one of its settings: the value is the operator's now.
func (t *tick) leaveHeldTrial() {
	if t.state.Trial == nil {
		return
	}
	for _, s := range t.state.Trial.Steps {
		if t.holds(place{s.Setting, s.Topic}) {
			t.state.Trial = nil
			return
		}
	}
}

// hold returns the operator's hold while it lasts, else nil.
func (t *tick) hold() *Hold {
	h := t.in.Hold
	if h == nil || !h.Until.IsZero() && !t.now.Before(h.Until) {
		return nil
	}
	return h
}

// holds says whether the operator holds the setting.
func (t *tick) holds(p place) bool {
	h := t.hold()
	return h != nil && (len(h.Settings) == 0 || slices.Contains(h.Settings, p.name))
}

func (h *Hold) describe() string {
	s := "by " + cmpOr(h.Who, "somebody")
	if h.Why != "" {
		s += ": " + h.Why
	}
	if !h.Until.IsZero() {
		s += ", until " + h.Until.UTC().Format(time.RFC3339)
	}
	return s
}

// round makes a duration readable.
func round(d time.Duration) time.Duration {
	if d > 10*time.Second {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}
