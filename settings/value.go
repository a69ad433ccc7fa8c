package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Value is the value of one setting: a whole number in the setting's unit, or one word of an enum. The unit is the
// setting's, see [Setting.Kind]. The zero Value means unset. Values are comparable with ==.
type Value struct {
	form   form
	number int64
	text   string
}

type form uint8

const (
	unset form = iota
	number
	word
)

// Number returns a numeric value, in the setting's unit.
func Number(n int64) Value { return Value{form: number, number: n} }

// Word returns the value of an enum.
func Word(s string) Value { return Value{form: word, text: s} }

// IsSet says whether v is a value at all.
func (v Value) IsSet() bool { return v.form != unset }

// IsWord says whether v is the value of an enum.
func (v Value) IsWord() bool { return v.form == word }

// Int returns a numeric value in its setting's unit, and 0 for a word.
func (v Value) Int() int64 { return v.number }

// Text returns the word of an enum, and "" for a number.
func (v Value) Text() string { return v.text }

// Duration returns the value of a setting in milliseconds, and 0 for a word.
func (v Value) Duration() time.Duration { return time.Duration(v.number) * time.Millisecond }

// String writes the value as Kafka's configuration does: the bare number or word, "unset" for the zero Value.
func (v Value) String() string {
	switch v.form {
	case number:
		return strconv.FormatInt(v.number, 10)
	case word:
		return v.text
	case unset:
	}
	return "unset"
}

// IsZero lets encoding/json leave out an unset value under omitzero.
func (v Value) IsZero() bool { return v.form == unset }

// MarshalJSON writes a number or a word; an unset value is null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.form {
	case number:
		return strconv.AppendInt(nil, v.number, 10), nil
	case word:
		return json.Marshal(v.text)
	case unset:
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a whole number, a word, or null for unset. Fractions, exponents, booleans and anything else
// are refused.
func (v *Value) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case string(data) == "null":
		*v = Value{}
		return nil
	case len(data) > 0 && data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*v = Word(s)
		return nil
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is neither a whole number nor a word", data)
	}
	*v = Number(n)
	return nil
}
