package ruletest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	promrules "github.com/prometheus/prometheus/rules"

	"github.com/veltrix/veltrix/rules"
)

// prometheus evaluates the rule files as Prometheus itself would: alerts and recording rules, whatever else they say. Selector
// and range of the test file are Veltrix's, and not applied here.
type prometheus struct {
	groups []*promrules.Group
	// queries are the conditions of the rules whose groups look at the time of the tick.
	queries []string
	wanted  map[time.Duration]bool          // ticks whose alerts are compared
	firing  map[time.Duration][]activeAlert // at these ticks
}

// activeAlert is an alert that fires, with what its templates have become.
type activeAlert struct{ labels, annotations labels.Labels }

// newPrometheus returns nil if the test neither asks for alerts and expressions nor has recorded series.
func (r *run) newPrometheus(ctx context.Context) (*prometheus, error) {
	load := &groupLoader{subject: r.subject}
	if len(r.test.AlertRules)+len(r.test.Expressions) == 0 {
		if load.recordsOnly = true; len(r.subject.recorded()) == 0 {
			return nil, nil
		}
	}
	m := promrules.NewManager(&promrules.ManagerOptions{
		QueryFunc:    r.answer,
		AppendableV2: sparing{r.samples, r.unread()},
		Context:      ctx,
		NotifyFunc:   func(context.Context, string, ...*promrules.Alert) {},
		Logger:       slog.New(slog.DiscardHandler),
		GroupLoader:  load,
		Parser:       newParser(),
	})
	var names []string
	for _, s := range r.subject.sources {
		names = append(names, s.name)
	}
	groups, errs := m.LoadGroups(time.Duration(r.test.Interval), r.test.ExternalLabels, r.test.ExternalURL, nil, true, names...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p := &prometheus{groups: r.order(groups), wanted: map[time.Duration]bool{}, firing: map[time.Duration][]activeAlert{}}
	for _, g := range p.groups {
		for _, rule := range g.Rules() {
			if g.QueryOffset() == 0 {
				p.queries = append(p.queries, rule.Query().String())
			}
			if alert, ok := rule.(*promrules.AlertingRule); ok {
				alert.SetRestored(true) // else there is no series ALERTS
			}
		}
	}
	for _, e := range r.test.AlertRules {
		p.wanted[r.floor(time.Duration(e.EvalTime))] = true
	}
	return p, nil
}

// order returns the groups in the order of the files, those of group_eval_order as it says. Those that it doesn't name come with
// its first, as in promtool.
func (r *run) order(groups map[string]*promrules.Group) []*promrules.Group {
	var all []*promrules.Group
	for _, s := range r.subject.sources {
		for i := range s.file.Groups {
			if g, ok := groups[promrules.GroupKey(s.name, s.file.Groups[i].Name)]; ok {
				all = append(all, g)
			}
		}
	}
	place := func(g *promrules.Group) int { return max(0, slices.Index(r.file.GroupEvalOrder, g.Name())) }
	slices.SortStableFunc(all, func(a, b *promrules.Group) int { return place(a) - place(b) })
	return all
}

// evaluate evaluates all groups at a tick, whatever their own intervals are, as promtool does. It says whether every rule could
// be evaluated; else the test has failed.
func (p *prometheus) evaluate(ctx context.Context, r *run, at time.Duration) bool {
	if p == nil {
		return true
	}
	fit := true
	r.ahead.prepare(ctx, p.queries, r.time(at))
	for _, g := range p.groups {
		g.Eval(ctx, r.time(at))
		for _, rule := range g.Rules() {
			if err := rule.LastError(); err != nil {
				c := Check{At: at, What: "rule " + rule.Name()}
				c.compare("evaluation", "an answer", err.Error())
				r.note(&c, nil)
				fit = false
			}
		}
	}
	if p.wanted[at] {
		p.firing[at] = p.alerts()
	}
	return fit
}

// alerts returns what fires now.
func (p *prometheus) alerts() []activeAlert {
	var all []activeAlert
	for _, g := range p.groups {
		for _, rule := range g.Rules() {
			alerting, ok := rule.(*promrules.AlertingRule)
			if !ok {
				continue
			}
			for _, a := range alerting.ActiveAlerts() {
				if a.State == promrules.StateFiring {
					all = append(all, activeAlert{a.Labels.Copy(), a.Annotations.Copy()})
				}
			}
		}
	}
	return all
}

// groupLoader hands the rules under test to Prometheus, which passes over the keys that it doesn't know.
type groupLoader struct {
	subject     *subject
	recordsOnly bool
}

// Load reads the groups of a file.
func (l *groupLoader) Load(name string, _ bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	i := slices.IndexFunc(l.subject.sources, func(s source) bool { return s.name == name })
	groups, errs := rulefmt.Parse(l.subject.sources[i].content, true, scheme, newParser(), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return nil, []error{fmt.Errorf("%s, as Prometheus reads it: %w", name, errors.Join(errs...))}
	}
	for i := range groups.Groups {
		g := &groups.Groups[i]
		g.Rules = slices.DeleteFunc(g.Rules, func(r rulefmt.Rule) bool { return l.recordsOnly && r.Alert != "" })
	}
	return groups, nil
}

// Parse reads an expression.
func (l *groupLoader) Parse(query string) (parser.Expr, error) { return newParser().ParseExpr(query) }

// alertEvaluations returns what an alert was at the last ticks, and what its condition compared.
func (r *run) alertEvaluations(ctx context.Context, at time.Duration, name string) []Evaluation {
	var sights []string
	r.subject.eachRule(func(rule *rules.Rule) {
		if rule.Alert == name {
			sights = append(sights, rules.Sights(rule.Expr)...)
		}
	})
	var all []Evaluation
	for _, tick := range r.lastTicks(at) {
		e := Evaluation{At: tick, State: r.alertState(ctx, tick, name)}
		for _, s := range slices.Compact(slices.Sorted(slices.Values(sights))) {
			e.Values = append(e.Values, r.valuesOf(ctx, s, tick)...)
		}
		all = append(all, e)
	}
	return all
}

// alertState is the greatest state of the alerts of a name, by the series that Prometheus writes about them.
func (r *run) alertState(ctx context.Context, at time.Duration, name string) string {
	for _, state := range []string{rules.Firing, rules.Pending} {
		answer, err := r.query(ctx, fmt.Sprintf("ALERTS{alertname=%q,alertstate=%q}", name, state), r.time(at))
		if err == nil && len(answer) > 0 {
			return state
		}
	}
	return rules.Inactive
}
