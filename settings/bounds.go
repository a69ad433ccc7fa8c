package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bound limits one setting: Min and Max for a number, both allowed, Allowed for an enum. A nil Min or Max, or an
// empty Allowed, does not limit that side.
type Bound struct {
	Min     *int64   `json:"min,omitempty" yaml:"min,omitempty"`
	Max     *int64   `json:"max,omitempty" yaml:"max,omitempty"`
	Allowed []string `json:"allowed,omitempty" yaml:"allowed,omitempty"`
}

// Bounds limits settings by name. A missing name is limited by the table alone.
type Bounds map[Name]Bound

// Hard returns the table's bounds.
func Hard() Bounds {
	b := make(Bounds, len(All()))
	for _, s := range All() {
		b[s.Name] = s.hard()
	}
	return b
}

func (s Setting) hard() Bound {
	if s.Kind == Enum {
		return Bound{Allowed: slices.Clone(s.Enum)}
	}
	return Bound{Min: &s.Min, Max: &s.Max}
}

// Check says whether the bounds themselves make sense: known settings, the right side for the kind, min ≤ max, and
// something left inside the table's bounds. All complaints are joined.
func (b Bounds) Check() error {
	_, err := Hard().Intersect(b)
	return err
}

// Intersect returns what both allow. It fails if o names an unknown setting, limits a number by words or an enum by
// numbers, or leaves nothing; every complaint is a sentence, and all are joined.
func (b Bounds) Intersect(o Bounds) (Bounds, error) {
	out := make(Bounds, len(b)+len(o))
	maps.Copy(out, b)
	var errs []error
	for n, x := range o {
		s, ok := Lookup(n)
		if !ok {
			errs = append(errs, unknown(n))
			continue
		}
		narrowed, err := out[n].intersect(s, x)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out[n] = narrowed
	}
	if err := joinSorted(errs); err != nil {
		return nil, err
	}
	return out, nil
}

func (b Bound) intersect(s Setting, o Bound) (Bound, error) {
	if s.Kind == Enum {
		return b.intersectWords(s, o)
	}
	if len(o.Allowed) > 0 {
		return Bound{}, fmt.Errorf("%s is a number in %s: bound it by min and max, not by a list of words", s.Name, s.Kind)
	}
	out := Bound{Min: larger(b.Min, o.Min), Max: smaller(b.Max, o.Max)}
	if out.Min != nil && out.Max != nil && *out.Min > *out.Max {
		return Bound{}, fmt.Errorf("bounds of %s leave no value: at least %d and at most %d; widen one of them (the table allows %d to %d)",
			s.Name, *out.Min, *out.Max, s.Min, s.Max)
	}
	return out, nil
}

func (b Bound) intersectWords(s Setting, o Bound) (Bound, error) {
	if o.Min != nil || o.Max != nil {
		return Bound{}, fmt.Errorf("%s is one of %s: bound it by a list of allowed words, not by min and max", s.Name, strings.Join(s.Enum, ", "))
	}
	if len(o.Allowed) == 0 {
		return b, nil
	}
	for _, w := range o.Allowed {
		if !slices.Contains(s.Enum, w) {
			return Bound{}, fmt.Errorf("bounds of %s allow %q, which is not one of %s", s.Name, w, strings.Join(s.Enum, ", "))
		}
	}
	if len(b.Allowed) == 0 {
		return Bound{Allowed: slices.Clone(o.Allowed)}, nil
	}
	var both []string
	for _, w := range b.Allowed {
		if slices.Contains(o.Allowed, w) {
			both = append(both, w)
		}
	}
	if len(both) == 0 {
		return Bound{}, fmt.Errorf("bounds of %s leave no value: %s and %s have no word in common",
			s.Name, strings.Join(b.Allowed, ", "), strings.Join(o.Allowed, ", "))
	}
	return Bound{Allowed: both}, nil
}

// Clamp returns the allowed value nearest to v, and whether v had to be moved. For an enum outside the allowed words
// it is the nearest allowed notch on the safer side, or else on the other. A name that b doesn't limit is not moved.
func (b Bounds) Clamp(name Name, v Value) (Value, bool) {
	bound, ok := b[name]
	if !ok || !v.IsSet() {
		return v, false
	}
	if v.IsWord() {
		return bound.clampWord(name, v)
	}
	n := v.number
	if bound.Min != nil {
		n = max(n, *bound.Min)
	}
	if bound.Max != nil {
		n = min(n, *bound.Max)
	}
	return Number(n), n != v.number
}

func (b Bound) clampWord(name Name, v Value) (Value, bool) {
	if len(b.Allowed) == 0 || slices.Contains(b.Allowed, v.text) {
		return v, false
	}
	s, ok := Lookup(name)
	if !ok {
		return v, false
	}
	for _, d := range []int{int(s.Safer), -int(s.Safer)} {
		for i := s.Notch(v) + d; i >= 0 && i < len(s.Enum); i += d {
			if slices.Contains(b.Allowed, s.Enum[i]) {
				return Word(s.Enum[i]), true
			}
		}
	}
	return v, false
}

// Validate refuses unknown settings, values of the wrong kind, values outside b or the table, and broken relations.
// All complaints are joined; each names the setting, its value, the limit and the remedy.
func (b Bounds) Validate(v Values) error {
	return errors.Join(b.checkEach(v), v.ValidateRelations())
}

// checkEach checks every value by itself.
func (b Bounds) checkEach(v Values) error {
	var errs []error
	for n, x := range v {
		s, ok := Lookup(n)
		if !ok {
			errs = append(errs, unknown(n))
			continue
		}
		err := s.checkHard(x)
		if err == nil {
			err = b[n].check(s, x)
		}
		errs = append(errs, err)
	}
	return joinSorted(errs)
}

func (s Setting) checkHard(v Value) error {
	if !v.IsSet() || v.IsWord() != (s.Kind == Enum) {
		return s.wrongKind(v.String())
	}
	return s.hard().check(s, v)
}

// wrongKind complains about a value that is not of the setting's kind.
func (s Setting) wrongKind(shown string) error {
	return fmt.Errorf("%s is %s; it must be %s", s.Name, shown, s.wants())
}

func (s Setting) wants() string {
	if s.Kind == Enum {
		return "one of the words " + strings.Join(s.Enum, ", ")
	}
	return fmt.Sprintf("a whole number (%s) from %d to %d, without quotes", s.Kind, s.Min, s.Max)
}

func (b Bound) check(s Setting, v Value) error {
	switch {
	case s.Kind == Enum && len(b.Allowed) > 0 && !slices.Contains(b.Allowed, v.text):
		return fmt.Errorf("%s is %q, allowed are %s; choose one of them", s.Name, v.text, strings.Join(b.Allowed, ", "))
	case s.Kind != Enum && b.Min != nil && v.number < *b.Min:
		return fmt.Errorf("%s is %d, below its lower limit %d (%s); raise it to at least %d", s.Name, v.number, *b.Min, s.Kind, *b.Min)
	case s.Kind != Enum && b.Max != nil && v.number > *b.Max:
		return fmt.Errorf("%s is %d, above its upper limit %d (%s); lower it to at most %d", s.Name, v.number, *b.Max, s.Kind, *b.Max)
	}
	return nil
}

// ErrUnknownSetting is wrapped by every complaint about a name that the table doesn't have.
var ErrUnknownSetting = errors.New("unknown setting")

func unknown(n Name) error {
	return fmt.Errorf("%w %q: check its spelling against the table of settings", ErrUnknownSetting, n)
}

func larger(a, b *int64) *int64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

func smaller(a, b *int64) *int64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

// joinSorted joins errors in the order of their texts, so that the same input gives the same message.
func joinSorted(errs []error) error {
	errs = slices.DeleteFunc(errs, func(e error) bool { return e == nil })
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
