package rules

import (
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// condition is what is asked about a PromQL condition: the expression itself, which returns something while it is true,
// and its sights, which tell an answer "false" from missing data.
type condition struct {
	expr   string
	sights []sight
	// many says that any series makes the condition true, as in Prometheus. Otherwise it is about one target, and
	// several series are indeterminate.
	many bool
}

// sight is an expression that returns something while there are data to decide a part of a condition, and something
// that is not finite where that part can't be decided. Where the part is a comparison, the value is its left side's.
type sight struct {
	expr string
	sightRole
}

// sightRole says what a part means for the whole.
type sightRole struct {
	// carrier: the series of the whole are this part's.
	carrier bool
	// needed: the whole is only true if this part is, so it has to be finite.
	needed bool
	// excluded: the part stands right of an unless, where missing data look the same as false, even if the whole is true.
	excluded bool
}

// newCondition takes an expression apart at and, or, unless and its comparisons. The tree is not modified.
func newCondition(root parser.Expr, many bool) condition {
	c := condition{expr: root.String(), many: many}
	c.look(root, sightRole{carrier: true, needed: true})
	return c
}

// queries returns everything that has to be asked.
func (c *condition) queries() []string {
	all := make([]string, 0, 1+len(c.sights))
	if c.expr != "" {
		all = append(all, c.expr)
	}
	for _, s := range c.sights {
		all = append(all, s.expr)
	}
	return all
}

func (c *condition) look(e parser.Expr, role sightRole) {
	b, ok := unparen(e).(*parser.BinaryExpr)
	switch {
	case !ok:
		c.exist(e, role)
	case b.Op == parser.LAND:
		c.look(b.LHS, role)
		role.carrier = false
		c.look(b.RHS, role)
	case b.Op == parser.LOR:
		role.needed = false
		c.look(b.LHS, role)
		c.look(b.RHS, role)
	case b.Op == parser.LUNLESS:
		c.look(b.LHS, role)
		c.look(b.RHS, sightRole{excluded: true})
	case b.Op.IsComparisonOperator() && !b.ReturnBool:
		c.compare(b, role)
	default:
		c.exist(e, role)
	}
}

// exist looks at a part that compares nothing. On the right of and and unless its absence is an answer, as it is
// everywhere for absent; elsewhere nothing means that nothing is known.
func (c *condition) exist(e parser.Expr, role sightRole) {
	if role.carrier && callOf(e, "absent", "absent_over_time") == nil {
		c.add(e.String(), role)
	}
}

// compare looks at a comparison. Beside a written number it is decided once the other side is there; between two sides
// it takes both, matched as the comparison matches them. Adding 0 × the other side keeps the value of the first one, and
// is NaN where the other one is NaN or infinite.
func (c *condition) compare(b *parser.BinaryExpr, role sightRole) {
	left, right := b.LHS, b.RHS
	if left.Type() == parser.ValueTypeScalar {
		left, right = right, left
	}
	switch {
	case callOf(left, "absent", "absent_over_time") != nil:
	case constant(right):
		c.add(unparen(left).String(), role)
	default:
		zero := &parser.BinaryExpr{Op: parser.MUL, LHS: &parser.NumberLiteral{}, RHS: &parser.ParenExpr{Expr: right}}
		if right.Type() == parser.ValueTypeVector {
			zero.VectorMatching = &parser.VectorMatching{Card: parser.CardOneToOne}
		}
		both := &parser.BinaryExpr{
			Op: parser.ADD, LHS: &parser.ParenExpr{Expr: left}, RHS: &parser.ParenExpr{Expr: zero}, VectorMatching: b.VectorMatching,
		}
		c.add(both.String(), role)
	}
}

// add notes a sight; a part that stands there twice is asked once, with all its roles.
func (c *condition) add(expr string, role sightRole) {
	expr = strings.TrimSpace(expr)
	for i := range c.sights {
		if s := &c.sights[i]; s.expr == expr {
			s.carrier, s.needed, s.excluded = s.carrier || role.carrier, s.needed || role.needed, s.excluded || role.excluded
			return
		}
	}
	c.sights = append(c.sights, sight{expr, role})
}

// Sights returns what a condition compares: for each of its comparisons an expression that has a value while there are data
// for it, whether the comparison holds or not. They show people why a rule doesn't fire.
func Sights(condition parser.Expr) []string {
	c := newCondition(condition, true)
	var all []string
	for _, s := range c.sights {
		all = append(all, s.expr)
	}
	return all
}
