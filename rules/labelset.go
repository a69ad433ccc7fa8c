package rules

import (
	"maps"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// labelSet is what is known about the labels of an expression's series without asking anybody.
type labelSet struct {
	// there are the labels that each series has, taking those that somebody groups by to be there.
	there map[string]bool
	// missing are labels that no series has.
	missing map[string]bool
	// closed says that there are no labels but those in there.
	closed bool
}

func (s labelSet) lacks(label string) bool { return s.missing[label] || s.closed && !s.there[label] }

func labelsThere(names ...string) labelSet {
	s := labelSet{there: map[string]bool{}, missing: map[string]bool{}}
	for _, n := range names {
		s.there[n] = true
	}
	return s
}

func closedSet(names ...string) labelSet {
	s := labelsThere(names...)
	s.closed = true
	return s
}

// without returns the set after labels were taken away.
func (s labelSet) without(names ...string) labelSet {
	out := labelSet{there: maps.Clone(s.there), missing: maps.Clone(s.missing), closed: s.closed}
	for _, n := range names {
		delete(out.there, n)
		out.missing[n] = true
	}
	return out
}

// only returns the set after an aggregation by labels; one that was surely not there isn't there after it.
func (s labelSet) only(names ...string) labelSet {
	return closedSet(slices.DeleteFunc(slices.Clone(names), s.lacks)...)
}

// common is what is known of series that are of one set or the other.
func (s labelSet) common(o labelSet) labelSet {
	out := labelsThere()
	out.closed = s.closed && o.closed && maps.Equal(s.there, o.there)
	for n := range s.there {
		out.there[n] = o.there[n]
	}
	maps.DeleteFunc(out.there, func(_ string, both bool) bool { return !both })
	for n := range s.missing {
		if o.lacks(n) {
			out.missing[n] = true
		}
	}
	return out
}

// labelsOf infers the labels of an expression. known are the metrics whose labels are known.
func labelsOf(e parser.Expr, known map[string]metric) labelSet {
	switch e := unparen(e).(type) {
	case *parser.VectorSelector:
		return labelsOfSelector(e, known)
	case *parser.MatrixSelector:
		return labelsOf(e.VectorSelector, known)
	case *parser.SubqueryExpr:
		return labelsOf(e.Expr, known)
	case *parser.UnaryExpr:
		return labelsOf(e.Expr, known)
	case *parser.AggregateExpr:
		return labelsOfAggregate(e, known)
	case *parser.Call:
		return labelsOfCall(e, known)
	case *parser.BinaryExpr:
		return labelsOfBinary(e, known)
	}
	return labelsThere()
}

func labelsOfSelector(vs *parser.VectorSelector, known map[string]metric) labelSet {
	s := labelsThere()
	for _, m := range vs.LabelMatchers {
		switch {
		case m.Name == model.MetricNameLabel:
		case m.Type == labels.MatchEqual && m.Value == "":
			s.missing[m.Name] = true
		case !m.Matches(""):
			s.there[m.Name] = true
		}
	}
	if m, ok := lookup(known, metricName(vs)); ok {
		for _, n := range slices.Concat(m.fixed, m.labels) {
			s.there[n] = true
		}
		for n := range vocabulary(metricName(vs), known) {
			if !m.has(n) && !s.there[n] {
				s.missing[n] = true
			}
		}
	}
	return s
}

// vocabulary are the labels by which the metrics of a family tell their series apart. A label beyond it may be the target's.
func vocabulary(name string, known map[string]metric) map[string]bool {
	words := map[string]bool{}
	for other, m := range known {
		if family(other) == family(name) {
			for _, n := range m.labels {
				words[n] = true
			}
			words["le"] = words["le"] || m.kind == histogram
		}
	}
	return words
}

func labelsOfAggregate(e *parser.AggregateExpr, known map[string]metric) labelSet {
	inner := labelsOf(e.Expr, known)
	switch {
	case slices.Contains([]parser.ItemType{parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO}, e.Op):
		return inner
	case e.Op == parser.COUNT_VALUES:
		return labelsThere() // it adds a label by a name that is a parameter
	case e.Without:
		return inner.without(e.Grouping...)
	}
	return inner.only(e.Grouping...)
}

func labelsOfCall(c *parser.Call, known map[string]metric) labelSet {
	switch c.Func.Name {
	case "vector", "time", "pi":
		return closedSet()
	case "label_replace", "label_join", "info", "absent", "absent_over_time":
		return labelsThere() // their labels come from their arguments
	}
	for _, arg := range c.Args {
		if t := arg.Type(); t != parser.ValueTypeVector && t != parser.ValueTypeMatrix {
			continue
		}
		s := labelsOf(arg, known)
		if c.Func.Name == "histogram_quantile" || c.Func.Name == "histogram_fraction" {
			return s.without("le")
		}
		return s
	}
	return closedSet() // minute() and the like
}

func labelsOfBinary(b *parser.BinaryExpr, known map[string]metric) labelSet {
	left, right := labelsOf(b.LHS, known), labelsOf(b.RHS, known)
	switch {
	case b.LHS.Type() == parser.ValueTypeScalar:
		return right
	case b.RHS.Type() == parser.ValueTypeScalar || b.VectorMatching == nil:
		return left
	case b.Op == parser.LOR:
		return left.common(right)
	case b.Op == parser.LAND, b.Op == parser.LUNLESS:
		return left
	}
	m := b.VectorMatching
	switch m.Card {
	case parser.CardManyToOne:
		return included(left, m.Include)
	case parser.CardOneToMany:
		return included(right, m.Include)
	case parser.CardOneToOne, parser.CardManyToMany:
	}
	if m.On {
		return left.only(m.MatchingLabels...)
	}
	return left.without(m.MatchingLabels...)
}

// included is the many side with labels of the one side, which may or may not be there.
func included(many labelSet, names []string) labelSet {
	if len(names) == 0 {
		return many
	}
	out := labelsThere(slices.Collect(maps.Keys(many.there))...)
	for _, n := range names {
		delete(out.there, n)
	}
	return out
}
