package rules

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// text is what a file says, and where its expressions stand in it.
type text struct {
	file  string
	lines []string
	exprs map[parser.Expr]*yaml.Node
}

func newText(file string, content []byte) *text {
	return &text{file: file, lines: strings.Split(string(content), "\n"), exprs: map[parser.Expr]*yaml.Node{}}
}

// span is a stretch of one line: the line and its first character, from 1, and how many characters it has.
type span struct{ line, column, width int }

func (t *text) line(n int) string {
	if n < 1 || n > len(t.lines) {
		return ""
	}
	return strings.TrimRight(t.lines[n-1], "\r")
}

// problem describes the span.
func (t *text) problem(s span, message string) Problem {
	return Problem{
		File: t.file, Line: s.line, Column: s.column, Severity: Invalid, Message: message,
		Excerpt: strings.ToValidUTF8(t.line(s.line), "\uFFFD"), width: s.width,
	}
}

// nodeSpan returns where a node of the file stands: all of a scalar that fits on a line, else its first character.
func (t *text) nodeSpan(n *yaml.Node) span {
	s := span{max(1, n.Line), max(1, n.Column), 1}
	line := skip(t.line(s.line), s.column-1)
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		return s
	}
	if quoted(n) && len(line) > len(n.Value) && strings.HasPrefix(line[1:], n.Value) {
		s.width = utf8.RuneCountInString(n.Value) + 2
	} else if strings.HasPrefix(line, n.Value) {
		s.width = utf8.RuneCountInString(n.Value)
	}
	return s
}

func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
}

// within returns where the bytes from … to of a scalar's value stand. Where they can't be found, because the value is
// folded or escaped, it is the place of the whole value.
func (t *text) within(n *yaml.Node, from, to int) span {
	value := n.Value
	from = min(max(0, from), len(strings.TrimRight(value, "\n"))) // the end of the text is that of its last line
	to = min(max(from, to), len(value))
	begin := strings.LastIndexByte(value[:from], '\n') + 1
	end := len(value)
	if i := strings.IndexByte(value[from:], '\n'); i >= 0 {
		end = from + i
	}
	at, before := n.Line, ""
	switch line := t.line(n.Line); {
	case n.Style&yaml.LiteralStyle != 0:
		at = n.Line + 1 + strings.Count(value[:from], "\n")
		before = strings.TrimSuffix(t.line(at), value[begin:end])
		if before == t.line(at) && begin != end {
			return t.nodeSpan(n)
		}
	default:
		head := skip(line, n.Column-1)
		if quoted(n) && head != "" {
			head = head[1:]
		}
		if begin != 0 || !strings.HasPrefix(head, value[:end]) {
			return t.nodeSpan(n)
		}
		before = strings.TrimSuffix(line, head)
	}
	return span{
		line: at, column: utf8.RuneCountInString(before) + utf8.RuneCountInString(value[begin:from]) + 1,
		width: max(1, utf8.RuneCountInString(value[from:min(to, end)])),
	}
}

// part returns where a part of an expression stands.
func (t *text) part(root parser.Expr, part parser.Node) span {
	n, ok := t.exprs[root]
	if !ok {
		return span{1, 1, 1}
	}
	r := part.PositionRange()
	return t.within(n, int(r.Start), int(r.End))
}

// skip drops the first n characters.
func skip(s string, n int) string {
	for ; n > 0 && s != ""; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}

// locate turns the contradictions of an expression into problems with their places in the file.
func (f *File) locate(root parser.Expr, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var errs []error
	for _, one := range joined.Unwrap() {
		c, ok := errors.AsType[*contradiction](one)
		if !ok || f.text == nil {
			errs = append(errs, one)
			continue
		}
		errs = append(errs, f.text.problem(f.text.selector(root, c.index), c.text))
	}
	return errors.Join(errs...)
}

// selector returns where the expression's n-th selector stands.
func (t *text) selector(root parser.Expr, n int) span {
	found := parser.Node(root)
	selectors(root, func(v *parser.VectorSelector) {
		if n == 0 {
			found = v
		}
		n--
	})
	return t.part(root, found)
}
