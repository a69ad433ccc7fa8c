package ruletest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// closeTo is how near a float must be, relative to what is expected: promtool compares to six digits as well.
const closeTo = 1e-6

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= closeTo*math.Max(math.Abs(a), math.Abs(b))
}

// checkRule compares a tuning rule with what is expected of it.
func (r *run) checkRule(e TuningRuleTest) {
	at := time.Duration(e.EvalTime)
	found := r.at(at, e.Rule)
	if len(found) == 0 {
		r.fail(at, "rule "+e.Rule, "a rule of that name", "none; there are "+r.names(), "")
		return
	}
	s := found[0]
	what, why := "rule "+e.Rule, s.Why
	if e.State != nil && *e.State != phase(s) {
		r.fail(at, what, "state "+*e.State, fmt.Sprintf("%s (value %.4g)", phase(s), s.Value), why)
	}
	if e.Blind != nil && *e.Blind == s.BlindSince.IsZero() {
		r.fail(at, what, fmt.Sprintf("blind: %v", *e.Blind), fmt.Sprintf("blind: %v", !s.BlindSince.IsZero()), why)
	}
	if e.Blocked != nil && (*e.Blocked == "") != (s.Blocked == "") || e.Blocked != nil && !strings.Contains(s.Blocked, *e.Blocked) {
		r.fail(at, what, "blocked by "+cmp.Or(*e.Blocked, "nothing"), "blocked by "+cmp.Or(s.Blocked, "nothing"), why)
	}
	if e.Actions != nil {
		r.checkActions(at, what, *e.Actions, s.Actions)
	}
}

func phase(s *rules.RuleStatus) string { return cmp.Or(s.Phase, rules.Inactive) }

// checkActions compares actions in their order. An action without a usable operand is none that could be taken.
func (r *run) checkActions(at time.Duration, what string, want []ActionExpect, got []tuner.Action) {
	ok := len(want) == len(got)
	for i := 0; ok && i < len(want); i++ {
		w, g := want[i], got[i]
		ok = w.Set == string(g.Set) && w.Word == g.Word && (w.Operand == nil || near(*w.Operand, g.Operand) && !g.Blind)
	}
	if ok {
		return
	}
	var wants, gots []string
	for _, w := range want {
		text := w.Set + " " + w.Word
		if w.Operand != nil {
			text += fmt.Sprintf("%.6g", *w.Operand)
		}
		wants = append(wants, text)
	}
	for _, g := range got {
		text := fmt.Sprintf("%s %s %s%.6g", g.Set, g.Op, g.Word, g.Operand)
		if g.Blind {
			text = fmt.Sprintf("%s %s without a usable value", g.Set, g.Op)
		}
		gots = append(gots, text)
	}
	r.fail(at, what, "actions ["+strings.Join(wants, ", ")+"]", "["+strings.Join(gots, ", ")+"]", "")
}

// checkAlert compares the firing alerts of a name. A tuning rule is one alert with the rule's labels, however many series its
// expression has.
func (r *run) checkAlert(e AlertRuleTest) {
	at := time.Duration(e.EvalTime)
	var got []string
	for _, s := range r.at(at, e.Alertname) {
		if s.Phase == rules.Firing {
			got = append(got, labelText(s.Labels))
		}
	}
	var want []string
	for _, a := range e.Alerts {
		l := maps.Clone(a.Labels)
		delete(l, "alertname")
		want = append(want, labelText(l))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.fail(at, "alert "+e.Alertname, fmt.Sprint(want), fmt.Sprint(got), "")
	}
}

func labelText(l map[string]string) string { return labels.FromMap(l).String() }

// checkExpr compares what an expression gives.
func (r *run) checkExpr(ctx context.Context, e ExprTest) {
	at := time.Duration(e.EvalTime)
	result := r.ask(ctx, e.Expr, epoch().Add(at))
	if result.Err != nil {
		r.fail(at, e.Expr, "an answer", result.Err.Error(), "")
		return
	}
	got := map[string]float64{}
	for _, s := range result.Samples {
		got[labelText(s.Labels)] = s.Value
	}
	ok := len(got) == len(e.Samples)
	var want []string
	for _, s := range e.Samples {
		metric, err := parser.NewParser(parser.Options{}).ParseMetric(cmp.Or(s.Labels, "{}"))
		if err != nil {
			r.fail(at, e.Expr, s.Labels, "labels that can't be read: "+err.Error(), "")
			return
		}
		v, found := got[metric.String()]
		ok = ok && found && near(s.Value, v)
		want = append(want, fmt.Sprintf("%s %g", metric, s.Value))
	}
	if !ok {
		var gots []string
		for _, l := range slices.Sorted(maps.Keys(got)) {
			gots = append(gots, fmt.Sprintf("%s %g", l, got[l]))
		}
		r.fail(at, e.Expr, fmt.Sprint(want), fmt.Sprint(gots), "")
	}
}
