package rules

import (
	"strings"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/tuner"
)

func (p *fileParser) groups(n *yaml.Node) []Group {
	var groups []Group
	seen := map[string]bool{}
	p.list(n, func(e *yaml.Node) {
		g := p.group(e)
		if g.Name != "" && seen[g.Name] {
			p.node(e, "a group called %q stands in this file twice; rename one", g.Name)
		}
		seen[g.Name] = true
		groups = append(groups, g)
	})
	return groups
}

func (p *fileParser) group(n *yaml.Node) Group {
	g := Group{node: n}
	p.mapping(n, fields{
		"name":         func(v *yaml.Node) { g.Name = p.scalar(v) },
		"interval":     func(v *yaml.Node) { g.Interval = p.duration(v) },
		"query_offset": func(v *yaml.Node) { g.QueryOffset = p.duration(v) },
		"limit":        func(v *yaml.Node) { g.Limit = p.count(v) },
		"labels":       func(v *yaml.Node) { g.Labels = p.labels(v) },
		"rules": func(v *yaml.Node) {
			p.list(v, func(e *yaml.Node) { g.Rules = append(g.Rules, p.rule(e)) })
		},
	})
	if g.Name == "" {
		p.node(n, "the group has no name; add one")
	}
	p.checkNames(&g)
	return g
}

// checkNames refuses tuning rules of one name: a decision names its rule. Alerts may share a name, as in Prometheus.
func (p *fileParser) checkNames(g *Group) {
	first := map[string]*Rule{}
	for i := range g.Rules {
		r := &g.Rules[i]
		if r.Alert == "" {
			continue
		}
		if other := first[r.Alert]; other != nil && (other.Tunes() || r.Tunes()) {
			p.node(r.node, "a rule called %q stands in group %q twice, first in line %d; rename one, because decisions and state know a tuning rule by its name",
				r.Alert, g.Name, other.Line)
		}
		first[r.Alert] = r
	}
}

func (p *fileParser) rule(n *yaml.Node) Rule {
	r := Rule{Line: n.Line, node: n}
	p.mapping(n, fields{
		"alert":           func(v *yaml.Node) { r.Alert = p.scalar(v) },
		"record":          func(v *yaml.Node) { r.Record = p.scalar(v) },
		"expr":            func(v *yaml.Node) { r.Expr = p.expr(v) },
		"clear_expr":      func(v *yaml.Node) { r.ClearExpr = p.expr(v) },
		"for":             func(v *yaml.Node) { r.For = p.duration(v) },
		"keep_firing_for": func(v *yaml.Node) { r.KeepFiringFor = p.duration(v) },
		"labels":          func(v *yaml.Node) { r.Labels = p.labels(v) },
		"annotations":     func(v *yaml.Node) { r.Annotations = p.annotations(v) },
		"class": func(v *yaml.Node) {
			r.Class = tuner.Class(p.oneOf(v, "interlock", "protect", "relax", "optimize"))
		},
		"priority":   func(v *yaml.Node) { r.Priority = p.whole(v) },
		"mode":       func(v *yaml.Node) { r.Mode = tuner.Mode(p.oneOf(v, "off", "shadow", "enforce")) },
		"on_missing": func(v *yaml.Node) { r.OnMissing = OnMissing(p.oneOf(v, "hold", "clear", "revert")) },
		"scope":      func(v *yaml.Node) { r.Unscoped = p.scope(v) },
		"guards": func(v *yaml.Node) {
			p.list(v, func(e *yaml.Node) { r.Guards = append(r.Guards, p.guard(e)) })
		},
		"actions": func(v *yaml.Node) {
			p.list(v, func(e *yaml.Node) { r.Actions = append(r.Actions, p.action(e)) })
		},
	})
	p.checkRule(n, &r)
	return r
}

// checkRule reports what no single key shows, and fills in defaults.
func (p *fileParser) checkRule(n *yaml.Node, r *Rule) {
	switch {
	case r.Alert == "" && r.Record == "":
		p.node(n, "the rule has no name; add alert: NAME")
	case r.Alert != "" && r.Record != "":
		p.node(n, "the rule is both alert and record; keep one of the two")
	case r.Record != "":
		p.checkRecord(n, r)
	default:
		p.checkTuning(n, r)
	}
	if r.Expr == nil && !p.has(n, "expr") {
		p.node(n, "the rule has no expr; add the condition")
	}
	if r.Mode == "" {
		r.Mode = tuner.ModeShadow
	}
	if r.OnMissing == "" {
		r.OnMissing = MissingHold
	}
}

// checkRecord reports what only an alert can have. As for Prometheus, an alert's keys that say nothing (for: 0s) do no harm.
func (p *fileParser) checkRecord(n *yaml.Node, r *Rule) {
	harmless := map[string]bool{
		"record": true, "expr": true, "labels": true,
		"for": r.For == 0, "keep_firing_for": r.KeepFiringFor == 0, "annotations": len(r.Annotations) == 0,
	}
	p.pairs(n, func(key, _ *yaml.Node) {
		if !harmless[key.Value] {
			p.node(key, "a recording rule has no %s; remove it, or make the rule an alert", key.Value)
		}
	})
	if !model.UTF8Validation.IsValidMetricName(r.Record) || strings.ContainsAny(r.Record, "{}") {
		p.node(p.value(n, "record"), "%q is no name for a metric; write the selector, if this is one, into expr", r.Record)
	}
}

// checkTuning reports keys of a tuning rule that make no sense together.
func (p *fileParser) checkTuning(n *yaml.Node, r *Rule) {
	switch {
	case r.Class == "" && len(r.Actions) > 0 && !p.has(n, "class"):
		p.node(n, "the rule has actions and no class; add class: protect, relax or optimize")
	case r.Class == "" && len(r.Guards) > 0 && !p.has(n, "class"):
		p.node(n, "the rule has guards and nothing to guard; add a class and actions, or remove them")
	case r.Class == tuner.ClassInterlock && len(r.Actions) > 0:
		p.node(n, "an interlock stops tuning and takes no actions of its own; remove them, or make the class protect")
	case r.Class != "" && r.Class != tuner.ClassInterlock && len(r.Actions) == 0 && !p.has(n, "actions"):
		p.node(n, "a rule of class %s asks for steps and has none; add actions, or remove the class", r.Class)
	}
}

func (p *fileParser) guard(n *yaml.Node) Guard {
	var g Guard
	p.mapping(n, fields{
		"name":  func(v *yaml.Node) { g.Name = p.scalar(v) },
		"expr":  func(v *yaml.Node) { g.Expr = p.expr(v) },
		"scope": func(v *yaml.Node) { g.Unscoped = p.scope(v) },
	})
	if g.Name == "" {
		p.node(n, "the guard has no name; it is shown when the guard blocks")
	}
	if g.Expr == nil && !p.has(n, "expr") {
		p.node(n, "the guard has no expr; add the condition that must hold")
	}
	return g
}
