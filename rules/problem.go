package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Severity says how much a problem matters.
type Severity string

// The severities, worst first. A file with an invalid problem is not loaded; the others come from [Lint].
const (
	Invalid Severity = "invalid"
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a file, with its place.
type Problem struct {
	File string `json:"file"`
	// Line and Column begin at 1, Column in characters; 0 where the whole file is meant.
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	// ID names the lint; empty for what makes a file invalid.
	ID string `json:"id,omitempty"`
	// Rule is the rule's name, where the problem is a rule's.
	Rule string `json:"rule,omitempty"`
	// Message says what is wrong and what to do.
	Message string `json:"message"`
	// Excerpt is the line of the file, for the caret.
	Excerpt string `json:"excerpt,omitempty"`

	width int
}

// Error writes the problem as "file:line:column: message", and then the line with carets under the place. A lint's message
// has its severity in front and its name behind.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File + ": ")
	if p.Line > 0 {
		b.Reset()
		fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	}
	if p.ID == "" {
		b.WriteString(p.Message)
	} else {
		fmt.Fprintf(&b, "%s: %s (%s)", p.Severity, p.Message, p.ID)
	}
	if strings.TrimSpace(p.Excerpt) != "" && p.Column > 0 {
		fmt.Fprintf(&b, "\n    %s\n    %s%s", p.Excerpt, indent(p.Excerpt, p.Column-1), strings.Repeat("^", max(1, p.width)))
	}
	return b.String()
}

// indent returns blanks as wide as the first n characters of line; tabs stay tabs.
func indent(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if n == 0 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
		n--
	}
	return b.String() + strings.Repeat(" ", n)
}

// problems collects what is wrong with one file.
type problems struct {
	*text
	found []Problem
}

func (p *problems) at(s span, format string, args ...any) {
	p.found = append(p.found, p.problem(s, fmt.Sprintf(format, args...)))
}

func (p *problems) node(n *yaml.Node, format string, args ...any) {
	p.at(p.nodeSpan(n), format, args...)
}

// err returns everything that was found, in the order of the file.
func (p *problems) err() error {
	sortProblems(p.found)
	errs := make([]error, len(p.found))
	for i := range p.found {
		errs[i] = p.found[i]
	}
	return errors.Join(errs...)
}

func sortProblems(all []Problem) {
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.ID, b.ID))
	})
}

// Problems returns the problems that err consists of.
func Problems(err error) []Problem {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var all []Problem
		for _, e := range joined.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	if one, ok := errors.AsType[Problem](err); ok {
		return []Problem{one}
	}
	return nil
}
