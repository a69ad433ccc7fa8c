package rules

import (
	"time"

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
	var g Group
	p.mapping(n, fields{
		"name":         func(v *yaml.Node) { g.Name = p.text(v) },
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
	seen := map[string]bool{}
	for i := range g.Rules {
		name := g.Rules[i].Name()
		if g.Rules[i].Alert != "" && seen[name] {
			p.at(g.Rules[i].Line, 1, "a rule called %q stands in group %q twice; rename one, because its state is kept by name", name, g.Name)
		}
		seen[name] = true
	}
	return g
}

func (p *fileParser) rule(n *yaml.Node) Rule {
	r := Rule{Line: n.Line}
	p.mapping(n, fields{
		"alert":           func(v *yaml.Node) { r.Alert = p.text(v) },
		"record":          func(v *yaml.Node) { r.Record = p.text(v) },
		"expr":            func(v *yaml.Node) { r.Expr = p.expr(v) },
		"clear_expr":      func(v *yaml.Node) { r.ClearExpr = p.expr(v) },
		"for":             func(v *yaml.Node) { r.For = p.duration(v) },
		"keep_firing_for": func(v *yaml.Node) { r.KeepFiringFor = p.duration(v) },
		"labels":          func(v *yaml.Node) { r.Labels = p.labels(v) },
		"annotations":     func(v *yaml.Node) { r.Annotations = p.labels(v) },
		"class": func(v *yaml.Node) {
			r.Class = tuner.Class(p.word(v, "interlock", "protect", "relax", "optimize"))
		},
		"priority":   func(v *yaml.Node) { r.Priority = p.whole(v) },
		"mode":       func(v *yaml.Node) { r.Mode = tuner.Mode(p.word(v, "off", "shadow", "enforce")) },
		"on_missing": func(v *yaml.Node) { r.OnMissing = OnMissing(p.word(v, "hold", "clear", "revert")) },
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
	case r.Record != "" && (r.Class != "" || len(r.Actions) > 0 || len(r.Guards) > 0 || r.For != 0 || r.KeepFiringFor != 0):
		p.node(n, "a recording rule takes neither actions nor times; make it an alert")
	}
	if r.Expr == nil && !p.complained(n) {
		p.node(n, "the rule has no expr; add the condition")
	}
	if len(r.Actions) > 0 && r.Class == "" {
		p.node(n, "the rule has actions and no class; add class: protect, relax or optimize")
	}
	if len(r.Actions) > 0 && r.OnMissing == "" {
		p.node(n, "the rule has actions and doesn't say what missing data mean; add on_missing: hold, clear or revert")
	}
	if r.Class == tuner.ClassInterlock && len(r.Actions) > 0 {
		p.node(n, "an interlock stops tuning and takes no actions of its own; remove them, or make the class protect")
	}
	if r.Mode == "" {
		r.Mode = tuner.ModeEnforce
	}
	if r.OnMissing == "" {
		r.OnMissing = MissingHold
	}
}

// complained says whether something below n has been reported already, so that a bad expr is not reported as missing too.
func (p *fileParser) complained(n *yaml.Node) bool {
	return n.Kind != yaml.MappingNode || p.has(n, "expr")
}

func (p *fileParser) guard(n *yaml.Node) Guard {
	var g Guard
	p.mapping(n, fields{
		"name": func(v *yaml.Node) { g.Name = p.text(v) },
		"expr": func(v *yaml.Node) { g.Expr = p.expr(v) },
	})
	if g.Name == "" {
		p.node(n, "the guard has no name; it is shown when the guard blocks")
	}
	if g.Expr == nil && !p.complained(n) {
		p.node(n, "the guard has no expr; add the condition that must hold")
	}
	return g
}

func (p *fileParser) duration(n *yaml.Node) time.Duration {
	d, err := model.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		p.node(n, "%q is not a duration; write for example 30s, 5m or 1h", n.Value)
		return 0
	}
	return time.Duration(d)
}
