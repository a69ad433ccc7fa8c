package tuner

import "fmt"

// clock holds for one tick when the clock jumped back; observe has mended the windows.
func (t *tick) clock() outcome {
	if t.clockBack {
		return outcome{reason: ClockBack, detail: "this tick is earlier than the last one; every window begins anew"}
	}
	return outcome{}
}

// unreadable holds while nobody knows what a change would replace.
func (t *tick) unreadable() outcome {
	if t.in.DocumentError != "" {
		return outcome{reason: DocumentUnreadable, detail: t.in.DocumentError}
	}
	return outcome{}
}

// blind changes nothing without a usable reading of every objective and of the load. After enough blind ticks in a row
// a running trial is taken back where the configuration, or the rule that began it, says so.
func (t *tick) blind() outcome {
	if t.blindWhy == "" {
		return outcome{}
	}
	detail := fmt.Sprintf("%s (%d in a row)", t.blindWhy, t.state.BlindTicks)
	if t.watching() && t.state.BlindTicks >= t.cfg.BlindTicks && !t.occupied() &&
		(t.cfg.BlindMode == BlindRevert || t.asksRevert(t.state.Trial)) {
		return t.takeBack(TakenBackBlind, detail)
	}
	return outcome{reason: Blind, detail: detail}
}

// watching says whether a trial runs that could be taken back.
func (t *tick) watching() bool { return t.state.Trial != nil && !t.state.Trial.Back }

// asksRevert says whether the rule that began the trial is blind itself and wants its change undone then.
func (t *tick) asksRevert(trial *Trial) bool {
	for i := range t.in.Signals {
		s := &t.in.Signals[i]
		if s.Revert && s.enforced() && s.Rule == trial.Rule && s.Group == trial.Group {
			return true
		}
	}
	return false
}

// enforced says whether the rule itself allows writing; the configuration's mode counts beside it, see conclude.
func (s *Signal) enforced() bool { return s.Mode == ModeEnforce }
