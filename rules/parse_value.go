package rules

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// has says whether a mapping has the key itself.
func (p *fileParser) has(n *yaml.Node, key string) bool { return valueOf(n, key) != nil }

// value returns the value of the key, and the mapping itself if it doesn't have it.
func (p *fileParser) value(n *yaml.Node, key string) *yaml.Node {
	if v := valueOf(n, key); v != nil {
		return v
	}
	return n
}

// valueOf returns the value of a mapping's key, nil if it doesn't have it.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (p *fileParser) scalar(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.node(n, "here must be a text")
		return ""
	}
	return n.Value
}

func (p *fileParser) oneOf(n *yaml.Node, allowed ...string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(allowed, n.Value) {
		p.node(n, "%q is not allowed here; write one of %s", n.Value, strings.Join(allowed, ", "))
		return ""
	}
	return n.Value
}

// scope says whether the expressions look outside the application.
func (p *fileParser) scope(n *yaml.Node) bool { return p.oneOf(n, "application", "none") == "none" }

func (p *fileParser) duration(n *yaml.Node) time.Duration {
	d, err := model.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		p.node(n, "%q is not a duration; write for example 30s, 5m or 1h", n.Value)
		return 0
	}
	return time.Duration(d)
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
	p.list(n, func(e *yaml.Node) { all = append(all, p.scalar(e)) })
	return all
}

// expr reads PromQL and reports its errors at their place in the file. A rule's condition, a guard and an operand are
// instant vectors or numbers; a range or a text is refused.
func (p *fileParser) expr(n *yaml.Node) parser.Expr {
	if n.Kind != yaml.ScalarNode {
		p.node(n, "here must be a PromQL expression")
		return nil
	}
	e, err := parseExpr(n.Value)
	if err == nil {
		p.exprs[e] = n
		if t := e.Type(); t != parser.ValueTypeVector && t != parser.ValueTypeScalar {
			p.node(n, "PromQL: the expression gives a %s; a rule needs an instant vector or a number", parser.DocumentedType(t))
			return nil
		}
		return e
	}
	all, ok := errors.AsType[parser.ParseErrors](err)
	if !ok {
		p.node(n, "PromQL: %s", err)
		return nil
	}
	for _, one := range all {
		r := one.PositionRange
		p.at(p.within(n, int(r.Start), int(r.End)), "PromQL: %s", one.Err)
	}
	return nil
}

// Suggest names the known word that a mistyped one is closest to, or all of them if none is close.
func Suggest(word string, known []string) string {
	best, least := "", 1+len(word)/4
	for _, k := range known {
		if d := distance(word, k); d <= least {
			best, least = k, d-1
		}
	}
	if best == "" {
		return "known here are " + strings.Join(known, ", ")
	}
	return "did you mean " + best + "?"
}

// distance is the number of characters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
