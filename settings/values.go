package settings

import (
	"errors"
	"fmt"
	"maps"
)

// Values are settings by name. A missing name is unset: the value of whoever is asked next counts.
// Methods never modify their receiver.
type Values map[Name]Value

// Defaults returns the table's defaults; settings whose default only the broker knows are missing.
func Defaults() Values {
	v := make(Values, len(All()))
	for _, s := range All() {
		if s.Default.IsSet() {
			v[s.Name] = s.Default
		}
	}
	return v
}

// Equal says whether both hold the same names with the same values.
func (v Values) Equal(o Values) bool { return maps.Equal(v, o) }

// With returns a copy in which name has the value x; an unset x removes name.
func (v Values) With(name Name, x Value) Values {
	c := make(Values, len(v)+1)
	maps.Copy(c, v)
	if x.IsSet() {
		c[name] = x
	} else {
		delete(c, name)
	}
	return c
}

// Overlay returns a copy of v in which the values of top win.
func (v Values) Overlay(top Values) Values {
	c := make(Values, len(v)+len(top))
	maps.Copy(c, v)
	maps.Copy(c, top)
	return c
}

// Names returns the names in the table's order. Names that the table doesn't know are left out.
func (v Values) Names() []Name {
	names := make([]Name, 0, len(v))
	for _, s := range All() {
		if _, ok := v[s.Name]; ok {
			names = append(names, s.Name)
		}
	}
	return names
}

// Change is one difference between two Values. An unset From or To means that the name is missing on that side.
type Change struct {
	Name Name  `json:"setting"`
	From Value `json:"from,omitzero"`
	To   Value `json:"to,omitzero"`
}

// String writes the change as "producer.linger.ms 5 → 20".
func (c Change) String() string { return fmt.Sprintf("%s %s → %s", c.Name, c.From, c.To) }

// Diff returns what changes from v to o, in the table's order.
func (v Values) Diff(o Values) []Change {
	var changes []Change
	for _, s := range All() {
		if from, to := v[s.Name], o[s.Name]; from != to {
			changes = append(changes, Change{Name: s.Name, From: from, To: to})
		}
	}
	return changes
}

// Validate checks every value against the table's hard bounds and, where all settings of a relation are present,
// the relations between them. All complaints are joined, each a sentence that says what to do.
func (v Values) Validate() error { return Hard().Validate(v) }

// ValidateRelations checks only the rules across settings.
func (v Values) ValidateRelations() error {
	var errs []error
	for _, r := range Relations() {
		errs = append(errs, r.check(v))
	}
	return errors.Join(errs...)
}
