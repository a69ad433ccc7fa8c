package ruletest

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Check is one expectation of a test, held against what came.
type Check struct {
	// At is the time in the test.
	At time.Duration `json:"at"`
	// What names the rule, the alert or the expression.
	What string `json:"what"`
	// Fields are what was compared, equal ones included.
	Fields []Field `json:"fields"`
	// Why is what the rules say of it: what is missing, what blocks.
	Why string `json:"why,omitempty"`
	// Evaluations are the last ones up to that time, the oldest first.
	Evaluations []Evaluation `json:"evaluations,omitempty"`
}

// Field is one thing that was compared.
type Field struct {
	Name string `json:"name"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

func (f Field) differs() bool { return f.Want != f.Got }

// Evaluation is what an expression or a rule was at a time.
type Evaluation struct {
	At time.Duration `json:"at"`
	// State is the rule's: inactive, pending or firing, blind. An expression has none.
	State string `json:"state,omitempty"`
	// Values are what the expression gave; of a comparison what it compares, so that a rule that doesn't fire shows why.
	Values []string `json:"values,omitempty"`
}

// lastEvaluations is how many evaluations are shown.
const lastEvaluations = 5

// Met says whether everything is as expected.
func (c *Check) Met() bool {
	for _, f := range c.Fields {
		if f.differs() {
			return false
		}
	}
	return true
}

// compare adds a field.
func (c *Check) compare(name, want, got string) {
	c.Fields = append(c.Fields, Field{name, want, got})
}

// String is the check for people: what differs, and the last evaluations.
func (c *Check) String() string { return c.text(false) }

// Full is String with the fields that are as expected, too.
func (c *Check) Full() string { return c.text(true) }

func (c *Check) text(full bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s\n", c.What, model.Duration(c.At))
	for _, f := range c.Fields {
		if f.differs() {
			b.WriteString(f.text())
		} else if full {
			fmt.Fprintf(&b, "  %s: %s\n", f.Name, f.Got)
		}
	}
	if c.Why != "" {
		fmt.Fprintf(&b, "  %s\n", c.Why)
	}
	if len(c.Evaluations) > 0 {
		b.WriteString("  last evaluations\n")
	}
	for _, e := range c.Evaluations {
		b.WriteString(e.text())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (e Evaluation) text() string {
	state := ""
	if e.State != "" {
		state = fmt.Sprintf("%-8s  ", e.State)
	}
	return fmt.Sprintf("    %-6s  %s%s\n", model.Duration(e.At), state, strings.Join(e.Values, ", "))
}

// lineWidth is how much of want and got fits into one line.
const lineWidth = 72

// text is the difference in one line, or, where the two are long, one below the other with a caret at the first character that
// differs.
func (f Field) text() string {
	if len(f.Name)+len(f.Want)+len(f.Got) <= lineWidth {
		return fmt.Sprintf("  %s: want %s, got %s\n", f.Name, f.Want, f.Got)
	}
	want, got := []rune(f.Want), []rune(f.Got)
	same := 0
	for same < len(want) && same < len(got) && want[same] == got[same] {
		same++
	}
	text := fmt.Sprintf("  %s\n    want %s\n    got  %s\n", f.Name, f.Want, f.Got)
	if same > 0 {
		text += "         " + strings.Repeat(" ", same) + "^\n"
	}
	return text
}
