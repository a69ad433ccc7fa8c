package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Source is a file with how it is used.
type Source struct {
	File *File
	// Range replaces the range of every range selector; 0 leaves them as they are written.
	Range time.Duration
}

// SetOptions says for which application the rules are, and how they are asked.
type SetOptions struct {
	// Selector is added to every selector of every expression, but for rules and guards with scope: none.
	Selector []*labels.Matcher
	// Interval is the time between the caller's ticks; 5 s if 0.
	Interval time.Duration
	// MaxAge is the age above which a sample can't be used; 0 accepts any age.
	MaxAge time.Duration
}

// Set is rules ready to be evaluated: scoped to one application, in a fixed order. It is immutable and may be used by
// many goroutines.
type Set struct {
	groups  []compiledGroup
	options SetOptions
	longest time.Duration
}

type compiledGroup struct {
	name     string // file;group, as in Prometheus's label rule_group
	file     string
	interval time.Duration // between evaluations, at least a tick
	rules    []compiledRule
}

// compiledRule is a rule with the queries that its parts have become.
type compiledRule struct {
	rule      *Rule
	key       string // of its state
	condition condition
	clear     condition // without an expression if the rule has no clear_expr
	guards    []condition
	operands  []string // empty where an action has no expression
	labels    map[string]string
}

// NewSet makes the rules of the sources ready. It fails, with all complaints joined, if a group is loaded twice, or an
// expression contradicts the selector; take the error apart by [Problems]. Recording rules are left to Prometheus.
func NewSet(sources []Source, o SetOptions) (*Set, error) {
	if o.Interval == 0 {
		o.Interval = 5 * time.Second
	}
	s := &Set{options: o}
	c := compiler{options: o}
	seen := map[string]bool{}
	for _, source := range sources {
		c.file, c.ranges = source.File, source.Range
		for i := range source.File.Groups {
			g := c.group(&source.File.Groups[i])
			if seen[g.name] {
				c.errs = append(c.errs, fmt.Errorf("group %s is loaded twice; list the file once", g.name))
			}
			seen[g.name] = true
			s.groups = append(s.groups, g)
		}
	}
	s.longest = c.longest
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// compiler turns parsed expressions into queries.
type compiler struct {
	options SetOptions
	file    *File
	ranges  time.Duration
	offset  time.Duration
	longest time.Duration
	errs    []error
}

func (c *compiler) group(g *Group) compiledGroup {
	out := compiledGroup{name: c.file.Name + ";" + g.Name, file: c.file.Name, interval: max(g.Interval, c.options.Interval)}
	c.offset = g.QueryOffset
	taken := map[string]int{}
	for i := range g.Rules {
		r := &g.Rules[i]
		if r.Alert == "" {
			continue
		}
		compiled := c.rule(r)
		// Prometheus allows several alerts of one name, mostly with different severities. Each has a state of its own.
		compiled.key = out.name + "/" + r.Alert
		if taken[r.Alert]++; taken[r.Alert] > 1 {
			compiled.key = fmt.Sprintf("%s#%d", compiled.key, taken[r.Alert])
		}
		compiled.labels = overlay(g.Labels, r.Labels)
		out.rules = append(out.rules, compiled)
	}
	return out
}

func (c *compiler) rule(r *Rule) compiledRule {
	many := len(r.Actions) == 0 // a rule without actions has no target that several series could mean
	out := compiledRule{rule: r, condition: c.condition(r.Expr, many, r.Unscoped)}
	if r.ClearExpr != nil {
		out.clear = c.condition(r.ClearExpr, many, r.Unscoped)
	}
	for _, guard := range r.Guards {
		out.guards = append(out.guards, c.condition(guard.Expr, false, r.Unscoped || guard.Unscoped))
	}
	for _, a := range r.Actions {
		operand := ""
		if a.Expr != nil {
			if e := c.rewrite(a.Expr, r.Unscoped); e != nil {
				operand = e.String()
			}
		}
		out.operands = append(out.operands, operand)
	}
	return out
}

func (c *compiler) condition(e parser.Expr, many, unscoped bool) condition {
	rewritten := c.rewrite(e, unscoped)
	if rewritten == nil {
		return condition{}
	}
	return newCondition(rewritten, many)
}

// rewrite returns a copy of the expression with the source's range, the group's offset and the application's selector. It
// returns nil after a complaint.
func (c *compiler) rewrite(e parser.Expr, unscoped bool) parser.Expr {
	copied, err := parseExpr(e.String())
	if err == nil && !unscoped {
		err = c.file.locate(e, scope(copied, c.options.Selector))
	}
	if err != nil {
		c.errs = append(c.errs, err)
		return nil
	}
	withRange(copied, c.ranges)
	withOffset(copied, c.offset)
	c.longest = max(c.longest, longestRange(copied))
	return copied
}

func overlay(below, top map[string]string) map[string]string {
	out := maps.Clone(below)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, top)
	return out
}

// LongestRange returns how far back the rules look.
func (s *Set) LongestRange() time.Duration { return s.longest }

// Queries returns what must be asked at now, each query once, sorted: everything of the groups that are due, and of the
// others what a firing rule needs to go on saying what it asks for. All must be asked for the same time.
func (s *Set) Queries(now time.Time, states map[string]tuner.RuleState) []string {
	asked := map[string]bool{}
	for i := range s.groups {
		g := &s.groups[i]
		due := s.due(g, now, states)
		for j := range g.rules {
			r := &g.rules[j]
			for _, q := range r.queries(due, states[r.key].Phase == Firing) {
				asked[q] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(asked))
}

func (r *compiledRule) queries(due, firing bool) []string {
	if r.rule.Mode == tuner.ModeOff || !due && !firing {
		return nil
	}
	var all []string
	if due {
		all = append(r.condition.queries(), r.clear.queries()...)
	}
	for i := range r.guards {
		all = append(all, r.guards[i].queries()...)
	}
	all = append(all, r.operands...)
	return slices.DeleteFunc(all, func(q string) bool { return q == "" })
}

// due says whether the group's interval has passed since its last evaluation, half a tick early rather than half a tick
// late. A clock that jumped back makes it due.
func (s *Set) due(g *compiledGroup, now time.Time, states map[string]tuner.RuleState) bool {
	for i := range g.rules {
		if g.rules[i].rule.Mode == tuner.ModeOff {
			continue
		}
		last := states[g.rules[i].key].LastEval
		if last.IsZero() || last.After(now) || now.Sub(last) >= g.interval-s.options.Interval/2 {
			return true
		}
	}
	return false
}

// Settings returns the settings that the set's rules can move, in the table's order.
func (s *Set) Settings() []settings.Name {
	values := settings.Values{}
	for i := range s.groups {
		for j := range s.groups[i].rules {
			for _, a := range s.groups[i].rules[j].rule.Actions {
				values[a.Set] = settings.Number(0)
			}
		}
	}
	return values.Names()
}
