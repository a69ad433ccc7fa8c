package rules

import (
	"maps"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// neverMatches finds two sides whose series can't match: one side always has a label that the other one never has, and the
// matching compares it. An arithmetic then gives nothing, whatever the data are; and is never true, unless excludes nothing.
func (l *linter) neverMatches(e expression) {
	parser.Inspect(e.root, func(n parser.Node, _ []parser.Node) error {
		b, ok := n.(*parser.BinaryExpr)
		if !ok || b.VectorMatching == nil || b.Op == parser.LOR || filled(b.VectorMatching) {
			return nil
		}
		if b.LHS.Type() != parser.ValueTypeVector || b.RHS.Type() != parser.ValueTypeVector {
			return nil
		}
		left, right := labelsOf(b.LHS, l.known), labelsOf(b.RHS, l.known)
		has, lacks := "left", "right"
		label := compared(left, right, b.VectorMatching)
		if label == "" {
			has, lacks = lacks, has
			label = compared(right, left, b.VectorMatching)
		}
		if label != "" {
			l.complain(Error, "promql/never-matches", l.part(e, b),
				"the %s side of %s has the label %s and the %s side never has, so that no series match; name the labels to match with on (…), or aggregate both sides by the same",
				has, b.Op, label, lacks)
		}
		return nil
	})
}

// compared returns a label that the matching compares and that only one of the sides has, empty if there is none.
func compared(with, without labelSet, m *parser.VectorMatching) string {
	for _, label := range slices.Sorted(maps.Keys(with.there)) {
		if without.lacks(label) && slices.Contains(m.MatchingLabels, label) == m.On {
			return label
		}
	}
	return ""
}

// filled says whether a side without a match is filled in.
func filled(m *parser.VectorMatching) bool { return m.FillValues.LHS != nil || m.FillValues.RHS != nil }
