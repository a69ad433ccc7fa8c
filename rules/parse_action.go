package rules

import (
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

func (p *fileParser) action(n *yaml.Node) Action {
	a := Action{Line: n.Line, node: n}
	var ops []string
	op := func(o tuner.Op, read func(*yaml.Node)) func(*yaml.Node) {
		return func(v *yaml.Node) {
			a.Op = o
			ops = append(ops, string(o))
			read(v)
		}
	}
	operand := func(v *yaml.Node) { a.Operand = p.number(v) }
	to := (*yaml.Node)(nil)
	p.mapping(n, fields{
		"set":      func(v *yaml.Node) { a.Set = p.setting(v) },
		"topic":    func(v *yaml.Node) { a.Topic = p.scalar(v) },
		"to":       op(tuner.OpTo, func(v *yaml.Node) { to = v }),
		"add":      op(tuner.OpAdd, operand),
		"multiply": op(tuner.OpMultiply, operand),
		"target":   op(tuner.OpTarget, func(v *yaml.Node) { a.Expr = p.expr(v) }),
		"ratio":    op(tuner.OpRatio, func(v *yaml.Node) { p.ratio(v, &a) }),
		"min":      func(v *yaml.Node) { a.Bound.Min = p.limit(v) },
		"max":      func(v *yaml.Node) { a.Bound.Max = p.limit(v) },
		"allowed":  func(v *yaml.Node) { a.Bound.Allowed = p.words(v) },
	})
	if len(ops) != 1 {
		p.node(n, "an action has exactly one of to, add, multiply, target and ratio; here are %d", len(ops))
		return a
	}
	p.checkAction(n, to, &a)
	return a
}

func (p *fileParser) ratio(n *yaml.Node, a *Action) {
	p.mapping(n, fields{
		"expr":   func(v *yaml.Node) { a.Expr = p.expr(v) },
		"target": func(v *yaml.Node) { a.Target = p.number(v) },
	})
	if n.Kind == yaml.MappingNode && a.Expr == nil && !p.has(n, "expr") {
		p.node(n, "a ratio needs an expr; its value ÷ target is the factor")
	}
	if a.Target <= 0 {
		p.node(n, "a ratio needs a target above 0: the value is multiplied by expr ÷ target")
	}
}

func (p *fileParser) setting(n *yaml.Node) settings.Name {
	name := settings.Name(p.scalar(n))
	if _, ok := settings.Lookup(name); !ok {
		p.node(n, "%q is no setting; %s", name, Suggest(string(name), known()))
		return ""
	}
	return name
}

func known() []string {
	all := settings.All()
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s.Name)
	}
	return names
}

// checkAction reports an operand or a bound that doesn't fit the setting.
func (p *fileParser) checkAction(n, to *yaml.Node, a *Action) {
	s, ok := settings.Lookup(a.Set)
	if !ok {
		if a.Set == "" && !p.has(n, "set") {
			p.node(n, "the action names no setting; add set: NAME")
		}
		return
	}
	if a.Topic != "" && !s.PerTopic {
		p.node(p.value(n, "topic"), "%s can't be set for one topic; remove topic", a.Set)
	}
	if err := (settings.Bounds{a.Set: a.Bound}).Check(); err != nil {
		p.node(p.boundNode(n), "%s", err)
	}
	switch {
	case s.Kind == settings.Enum:
		p.checkEnumAction(n, to, s, a)
	case a.Op == tuner.OpTo:
		a.Operand = p.number(to)
	case a.Op == tuner.OpMultiply && a.Operand <= 0:
		p.node(p.value(n, "multiply"), "multiply needs a factor above 0; to go to the least value use to")
	}
	if a.Op == tuner.OpTo && s.Kind != settings.Enum && a.Operand != math.Trunc(a.Operand) {
		p.node(to, "%s is %s: write a whole number", a.Set, s.Kind)
	}
}

// boundNode returns the first bound of an action, for a complaint about its bounds.
func (p *fileParser) boundNode(n *yaml.Node) *yaml.Node {
	for _, key := range []string{"min", "max", "allowed"} {
		if v := valueOf(n, key); v != nil {
			return v
		}
	}
	return n
}

func (p *fileParser) checkEnumAction(n, to *yaml.Node, s settings.Setting, a *Action) {
	if a.Op != tuner.OpTo && a.Op != tuner.OpAdd {
		p.node(p.value(n, string(a.Op)), "%s is one of %s: use to with a word, or add with 1 or -1 notch", a.Set, strings.Join(s.Enum, ", "))
		return
	}
	if a.Op == tuner.OpTo {
		a.Word = p.scalar(to)
		if !slices.Contains(s.Enum, a.Word) {
			p.node(to, "%q is none of %s", a.Word, strings.Join(s.Enum, ", "))
		}
	}
}
