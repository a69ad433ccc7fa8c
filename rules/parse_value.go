package rules

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"
	"go.yaml.in/yaml/v3"
)

func (p *fileParser) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.node(n, "here must be a text")
		return ""
	}
	return n.Value
}

func (p *fileParser) word(n *yaml.Node, allowed ...string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(allowed, n.Value) {
		p.node(n, "%q is none of %s", n.Value, strings.Join(allowed, ", "))
		return ""
	}
	return n.Value
}

func (p *fileParser) whole(n *yaml.Node) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		p.node(n, "%q is not a whole number", n.Value)
	}
	return i
}

func (p *fileParser) count(n *yaml.Node) int {
	i := p.whole(n)
	if i < 0 {
		p.node(n, "%d is below 0", i)
	}
	return i
}

func (p *fileParser) number(n *yaml.Node) float64 {
	f, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		p.node(n, "%q is not a number", n.Value)
		return 0
	}
	return f
}

func (p *fileParser) limit(n *yaml.Node) *int64 {
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || err != nil {
		p.node(n, "%q is not a whole number in the setting's unit", n.Value)
		return nil
	}
	return &i
}

func (p *fileParser) words(n *yaml.Node) []string {
	var all []string
	p.list(n, func(e *yaml.Node) { all = append(all, p.text(e)) })
	return all
}

func (p *fileParser) labels(n *yaml.Node) map[string]string {
	labels := map[string]string{}
	if n.Kind != yaml.MappingNode {
		p.node(n, "here must be a mapping of names and texts")
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		labels[n.Content[i].Value] = p.text(n.Content[i+1])
	}
	return labels
}

// expr reads PromQL and reports its errors at their place in the file.
func (p *fileParser) expr(n *yaml.Node) parser.Expr {
	if n.Kind != yaml.ScalarNode {
		p.node(n, "here must be a PromQL expression")
		return nil
	}
	e, err := parseExpr(n.Value)
	if err == nil {
		return e
	}
	var all parser.ParseErrors
	if !errors.As(err, &all) {
		p.node(n, "PromQL: %s", err)
		return nil
	}
	for _, one := range all {
		line, column := p.placeIn(n, one.PositionRange)
		p.at(line, column, "PromQL: %s", one.Err)
	}
	return nil
}

// placeIn returns the place in the file of a place in the expression that stands in n: exactly for a plain scalar
// and for a literal block, at its begin for other styles.
func (p *fileParser) placeIn(n *yaml.Node, r posrange.PositionRange) (line, column int) {
	before := n.Value[:min(max(0, int(r.Start)), len(n.Value))]
	row := strings.Count(before, "\n")
	column = len(before) - strings.LastIndexByte(before, '\n') // from 1
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		line = n.Line + 1 + row
		if line <= len(p.lines) {
			text := strings.Split(n.Value, "\n")[row]
			column += max(0, strings.Index(p.lines[line-1], text))
		}
		return line, column
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && row == 0:
		return n.Line, n.Column + column
	case row == 0 && n.Style == 0:
		return n.Line, n.Column + column - 1
	}
	return n.Line, n.Column
}
