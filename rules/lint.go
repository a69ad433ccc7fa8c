package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// Lint looks for what is valid and most likely not meant. It asks nobody. The files are looked at together: a metric that
// one of them records is known in all. A lint is silenced, with a reason, by a comment within the rule or right above it:
//
//	# lint:ignore action/no-bound the table's limits are what we want
//
// The problems come in the order of files and lines.
func Lint(files []*File) []Problem {
	l := &linter{
		recorded: recorded(files), known: catalogue(),
		comment: regexp.MustCompile(`#\s*lint:ignore\b\s*(\S*)\s*(.*)`),
		value:   regexp.MustCompile(`\$value|\.Value`),
	}
	for _, f := range files {
		l.file = f
		for i := range f.Groups {
			l.group(&f.Groups[i])
		}
	}
	sortProblems(l.found)
	return l.found
}

// linter looks at one rule after the other.
type linter struct {
	recorded map[string]bool   // metrics that recording rules of the files write
	known    map[string]metric // metrics that Veltrix exports
	comment  *regexp.Regexp    // that silences a lint
	value    *regexp.Regexp    // the value in a template
	file     *File
	rule     *Rule
	ignored  map[string]bool // lints that the present rule silences
	found    []Problem
}

// recorded returns the names that the recording rules of the files write.
func recorded(files []*File) map[string]bool {
	names := map[string]bool{}
	for _, f := range files {
		for i := range f.Groups {
			for j := range f.Groups[i].Rules {
				if r := &f.Groups[i].Rules[j]; r.Record != "" {
					names[r.Record] = true
				}
			}
		}
	}
	return names
}

func (l *linter) group(g *Group) {
	for i := range g.Rules {
		end := len(l.file.text.lines)
		if i+1 < len(g.Rules) {
			end = g.Rules[i+1].Line - 1
		}
		l.rule = &g.Rules[i]
		l.ignored = l.ignores(l.rule.Line, end)
		for _, lint := range ruleLints() {
			lint(l)
		}
		for _, e := range l.expressions() {
			for _, lint := range exprLints() {
				lint(l, e)
			}
		}
		l.opposites(g, i)
	}
}

func ruleLints() []func(*linter) {
	return []func(*linter){
		(*linter).onMissing, (*linter).labelValue, (*linter).outsideTable, (*linter).noBound, (*linter).noMove,
		(*linter).multiplyZero, (*linter).durability,
	}
}

func exprLints() []func(*linter, expression) {
	return []func(*linter, expression){
		(*linter).noComparison, (*linter).manySeries, (*linter).division, (*linter).unknownMetric, (*linter).unknownSetting,
		(*linter).rateOfGauge, (*linter).unknownLabel, (*linter).neverMatches,
	}
}

// expression is one of a rule's expressions.
type expression struct {
	root parser.Expr
	what string
	// condition says that it is true or false; the others give a value.
	condition bool
	// one says that it has to give one series.
	one bool
}

func (l *linter) expressions() []expression {
	r := l.rule
	acts := len(r.Actions) > 0
	all := []expression{{r.Expr, "the condition", r.Alert != "", acts}}
	if r.ClearExpr != nil {
		all = append(all, expression{r.ClearExpr, "clear_expr", true, acts})
	}
	for _, g := range r.Guards {
		all = append(all, expression{g.Expr, "guard " + g.Name, true, true})
	}
	for i := range r.Actions {
		if e := r.Actions[i].Expr; e != nil {
			all = append(all, expression{e, "the operand", false, true})
		}
	}
	return all
}

// complain notes a problem of the present rule, unless the rule silences it.
func (l *linter) complain(severity Severity, id string, s span, format string, args ...any) {
	if l.ignored[id] {
		return
	}
	p := l.file.text.problem(s, fmt.Sprintf(format, args...))
	p.Severity, p.ID, p.Rule = severity, id, l.rule.Name()
	l.found = append(l.found, p)
}

// at returns where the value of a mapping's key stands, else the mapping itself.
func (l *linter) at(n *yaml.Node, key string) span {
	if v := valueOf(n, key); v != nil {
		return l.file.text.nodeSpan(v)
	}
	return l.file.text.nodeSpan(n)
}

// ignores returns the lints that comments silence in the lines of a rule and in the comments right above it. A comment
// without a reason silences nothing and is complained about.
func (l *linter) ignores(begin, end int) map[string]bool {
	for begin > 1 && strings.HasPrefix(strings.TrimSpace(l.file.text.line(begin-1)), "#") {
		begin--
	}
	ids := map[string]bool{}
	for n := begin; n <= end; n++ {
		if !strings.Contains(l.file.text.line(n), "lint:ignore") {
			continue
		}
		m := l.comment.FindStringSubmatch(l.file.text.line(n))
		switch {
		case m == nil:
		case m[1] == "" || m[2] == "":
			column := strings.Index(l.file.text.line(n), "#") + 1
			l.complain(Error, "lint/no-reason", span{n, column, 1}, "the comment silences nothing: write # lint:ignore NAME-OF-THE-LINT and the reason")
		default:
			ids[m[1]] = true
		}
	}
	return ids
}

// part returns where a part of the expression stands.
func (l *linter) part(e expression, n parser.Node) span { return l.file.text.part(e.root, n) }
