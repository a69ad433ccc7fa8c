package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

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
	// Selector is added to every selector of every expression.
	Selector []*labels.Matcher
	// Interval is the time between the caller's ticks; 5 s if 0. It is the most that a gap between two evaluations counts twice.
	Interval time.Duration
	// MaxAge is the age above which a sample counts as missing; 0 accepts any age.
	MaxAge time.Duration
}

// Set is rules ready to be evaluated: scoped to one application, in a fixed order. It is immutable.
type Set struct {
	groups  []compiledGroup
	options SetOptions
	longest time.Duration
}

type compiledGroup struct {
	name     string // file;group, as in Prometheus's label rule_group
	file     string
	interval time.Duration
	rules    []compiledRule
}

// compiledRule is a rule with the queries that its parts have become.
type compiledRule struct {
	rule           *Rule
	key            string // of its state
	condition      string
	clear          string // empty without clear_expr
	shown          string
	guards         []string
	operands       []string // empty where an action has no expression
	labels, annots map[string]string
}

// NewSet makes the rules of the sources ready. It fails, with all complaints joined, if a group stands twice in one file,
// or an expression contradicts the selector. Recording rules are left to Prometheus.
func NewSet(sources []Source, o SetOptions) (*Set, error) {
	if o.Interval == 0 {
		o.Interval = 5 * time.Second
	}
	s := &Set{options: o}
	c := compiler{selector: o.Selector}
	seen := map[string]bool{}
	for _, source := range sources {
		c.file, c.ranges = source.File.Name, source.Range
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
	return s, errors.Join(c.errs...)
}

// compiler turns parsed expressions into queries.
type compiler struct {
	selector []*labels.Matcher
	file     string
	ranges   time.Duration
	longest  time.Duration
	errs     []error
}

func (c *compiler) group(g *Group) compiledGroup {
	out := compiledGroup{name: c.file + ";" + g.Name, file: c.file, interval: g.Interval}
	for i := range g.Rules {
		if g.Rules[i].Alert != "" {
			out.rules = append(out.rules, c.rule(out.name, g, &g.Rules[i]))
		}
	}
	return out
}

func (c *compiler) rule(group string, g *Group, r *Rule) compiledRule {
	where := fmt.Sprintf("%s:%d: rule %s", c.file, r.Line, r.Alert)
	out := compiledRule{
		rule: r, key: group + "/" + r.Alert,
		condition: c.query(where, r.Expr, truth), shown: c.query(where, r.Expr, shown),
		labels: overlay(g.Labels, r.Labels), annots: r.Annotations,
	}
	if r.ClearExpr != nil {
		out.clear = c.query(where, r.ClearExpr, truth)
	}
	for _, guard := range r.Guards {
		out.guards = append(out.guards, c.query(where+": guard "+guard.Name, guard.Expr, truth))
	}
	for _, a := range r.Actions {
		operand := ""
		if a.Expr != nil {
			operand = c.query(where+": action on "+string(a.Set), a.Expr, parser.Expr.String)
		}
		out.operands = append(out.operands, operand)
	}
	return out
}

// query scopes a copy of the expression and writes it in the form that form gives it.
func (c *compiler) query(where string, e parser.Expr, form func(parser.Expr) string) string {
	copied, err := parseExpr(e.String())
	if err == nil {
		err = scope(copied, c.selector)
	}
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", where, err))
		return ""
	}
	withRange(copied, c.ranges)
	c.longest = max(c.longest, longestRange(copied))
	return form(copied)
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

// Queries returns what must be asked at now: the expressions of the groups that are due, each once, sorted.
func (s *Set) Queries(now time.Time, states map[string]tuner.RuleState) []string {
	asked := map[string]bool{}
	for i := range s.groups {
		g := &s.groups[i]
		if !s.due(g, now, states) {
			continue
		}
		for j := range g.rules {
			for _, q := range g.rules[j].queries() {
				asked[q] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(asked))
}

func (r *compiledRule) queries() []string {
	if r.rule.Mode == tuner.ModeOff {
		return nil
	}
	all := append([]string{r.condition, r.shown, r.clear}, r.guards...)
	all = append(all, r.operands...)
	return slices.DeleteFunc(all, func(q string) bool { return q == "" })
}

// due says whether the group's interval has passed since its last evaluation, half a tick early rather than half a tick late.
func (s *Set) due(g *compiledGroup, now time.Time, states map[string]tuner.RuleState) bool {
	for i := range g.rules {
		last := states[g.rules[i].key].LastEval
		if last.IsZero() || now.Sub(last) >= g.interval-s.options.Interval/2 {
			return true
		}
	}
	return false
}
