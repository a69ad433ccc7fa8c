package rules

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with a file, with its place.
type Problem struct {
	File string `json:"file"`
	// Line and Column begin at 1; 0 where the place is not known.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Message says what is wrong and what to do.
	Message string `json:"message"`
	// Excerpt is the line of the file, for the caret.
	Excerpt string `json:"-"`
}

// Error writes the problem as "file:line:column: message", then the line with a caret under the place.
func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Excerpt != "" && p.Column > 0 {
		fmt.Fprintf(&b, "\n    %s\n    %s^", p.Excerpt, indent(p.Excerpt, p.Column-1))
	}
	return b.String()
}

// indent returns blanks as wide as the first n characters of line; tabs stay tabs.
func indent(line string, n int) string {
	var b strings.Builder
	for i, r := range line {
		if i >= n {
			return b.String()
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String() + strings.Repeat(" ", max(0, n-len(line)))
}

// problems collects what is wrong with one file.
type problems struct {
	file  string
	lines []string
	found []error
}

func newProblems(file string, content []byte) *problems {
	return &problems{file: file, lines: strings.Split(string(content), "\n")}
}

func (p *problems) at(line, column int, format string, args ...any) {
	problem := Problem{File: p.file, Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
	if line >= 1 && line <= len(p.lines) {
		problem.Excerpt = strings.TrimRight(p.lines[line-1], "\r")
	}
	p.found = append(p.found, problem)
}

func (p *problems) node(n *yaml.Node, format string, args ...any) {
	p.at(n.Line, n.Column, format, args...)
}

func (p *problems) err() error { return errors.Join(p.found...) }

// Problems returns the problems that err consists of.
func Problems(err error) []Problem {
	var all []Problem
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	var one Problem
	if errors.As(err, &one) {
		all = append(all, one)
	}
	return all
}
