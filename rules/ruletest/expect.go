package ruletest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// closeTo is how near an operand must be, relative to what is expected: six digits are what people write.
const closeTo = 1e-6

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= closeTo*math.Max(math.Abs(a), math.Abs(b))
}

// checkRule compares a tuning rule with what is expected of it.
func (r *run) checkRule(e TuningRuleTest) {
	at := time.Duration(e.EvalTime)
	c := Check{At: at, What: "rule " + e.Rule}
	s := r.at(at, e.Rule)
	if s == nil {
		r.unknown(&c, e.Rule)
		return
	}
	c.Why = s.Why
	if e.State != nil {
		c.compare("state", *e.State, phase(s))
	}
	if e.Blind != nil {
		c.compare("blind", fmt.Sprint(*e.Blind), fmt.Sprint(!s.BlindSince.IsZero()))
	}
	if e.Blocked != nil {
		c.compare("blocked by", cmp.Or(*e.Blocked, "nothing"), blockedBy(*e.Blocked, s.Blocked))
	}
	if e.Actions != nil {
		c.actions(*e.Actions, s.Actions)
	}
	r.note(&c, func() []Evaluation { return r.ruleEvaluations(at, e.Rule) })
}

// unknown notes that the test names a rule that isn't there.
func (r *run) unknown(c *Check, name string) {
	names := slices.Compact(slices.Sorted(slices.Values(r.subject.alerts())))
	c.compare("rule", "one of that name", "none")
	c.Why = "the rule files have no " + name
	if len(names) > 0 {
		c.Why += "; " + rules.Suggest(name, names)
	}
	r.note(c, nil)
}

func phase(s *rules.RuleStatus) string { return cmp.Or(s.Phase, rules.Inactive) }

// blockedBy is what blocks, in the words of the test if these are part of it.
func blockedBy(want, got string) string {
	if want != "" && strings.Contains(got, want) {
		return want
	}
	return cmp.Or(got, "nothing")
}

// actions compares actions in their order. An action without a usable operand is none that could be taken.
func (c *Check) actions(want []ActionExpect, got []tuner.Action) {
	if len(want) != len(got) {
		c.compare("actions", fmt.Sprint(len(want)), fmt.Sprint(len(got)))
	}
	for i := range max(len(want), len(got)) {
		wants, gots := "nothing", "nothing"
		if i < len(want) {
			wants = want[i].String()
		}
		if i < len(got) {
			gots = actionText(got[i])
		}
		if i < len(want) && i < len(got) && want[i].is(got[i]) {
			gots = wants
		}
		c.compare(fmt.Sprintf("action %d", i+1), wants, gots)
	}
}

func (w ActionExpect) is(g tuner.Action) bool {
	return w.Set == string(g.Set) && w.Word == g.Word && (w.Operand == nil || near(*w.Operand, g.Operand) && !g.Blind)
}

func (w ActionExpect) String() string {
	text := strings.TrimSpace(w.Set + " " + w.Word)
	if w.Operand != nil {
		text += fmt.Sprintf(" %.6g", *w.Operand)
	}
	return text
}

func actionText(g tuner.Action) string {
	switch {
	case g.Blind:
		return fmt.Sprintf("%s without a usable value to %s", g.Set, g.Op)
	case g.Word != "":
		return fmt.Sprintf("%s %s", g.Set, g.Word)
	}
	return fmt.Sprintf("%s %.6g", g.Set, g.Operand)
}

// at returns the rule of a name as it was at the last tick up to a time, nil if there is none.
func (r *run) at(t time.Duration, name string) *rules.RuleStatus {
	all := r.ticks[r.floor(t)].Rules
	for i := range all {
		if all[i].Rule == name {
			return &all[i]
		}
	}
	return nil
}

// ruleEvaluations returns the last evaluations of a tuning rule.
func (r *run) ruleEvaluations(at time.Duration, name string) []Evaluation {
	var all []Evaluation
	for _, tick := range r.lastTicks(at) {
		s := r.at(tick, name)
		e := Evaluation{At: tick, State: phase(s)}
		switch {
		case s.Why != "":
			e.Values = []string{"blind: " + s.Why}
		case s.Blocked != "":
			e.Values = []string{fmt.Sprintf("%.6g", s.Value), "blocked: " + s.Blocked}
		default:
			e.Values = []string{fmt.Sprintf("%.6g", s.Value)}
		}
		all = append(all, e)
	}
	return all
}
