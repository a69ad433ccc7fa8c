package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// UnmarshalJSON reads an object of settings. It refuses unknown and repeated names, null, and values that are not of
// their setting's kind. Bounds are checked by [Values.Validate].
func (v *Values) UnmarshalJSON(data []byte) error {
	members, err := readObject(data)
	if err != nil {
		return err
	}
	out := make(Values, len(members))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(members)) {
		x, err := readValue(Name(name), members[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out[Name(name)] = x
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	*v = out
	return nil
}

func readValue(n Name, raw json.RawMessage) (Value, error) {
	s, ok := Lookup(n)
	if !ok {
		return Value{}, unknown(n)
	}
	var x Value
	if err := json.Unmarshal(raw, &x); err != nil || x.IsWord() != (s.Kind == Enum) || !x.IsSet() {
		return Value{}, s.wrongKind(excerpt(raw))
	}
	return x, nil
}

// topicValues reads the document's topics so that every complaint names its topic.
type topicValues map[string]Values

// UnmarshalJSON reads an object of objects of settings.
func (t *topicValues) UnmarshalJSON(data []byte) error {
	members, err := readObject(data)
	if err != nil {
		return err
	}
	out := make(topicValues, len(members))
	var errs []error
	for _, topic := range slices.Sorted(maps.Keys(members)) {
		var v Values
		if err := v.UnmarshalJSON(members[topic]); err != nil {
			errs = append(errs, fmt.Errorf("topic %q: %w", topic, err))
			continue
		}
		if len(v) == 0 {
			errs = append(errs, fmt.Errorf("topic %q has no settings; remove the topic", topic))
		}
		out[topic] = v
	}
	*t = out
	return errors.Join(errs...)
}

// readObject reads the members of one JSON object. Unlike encoding/json, which silently takes the last of several equal
// keys, it refuses a key that stands there twice: of two writers' opinions, chance must not choose.
func readObject(data []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if token != json.Delim('{') {
		return nil, fmt.Errorf("it is %s; it must be an object of names and values", excerpt(data))
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // the decoder gives nothing else in this place
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		if _, ok := members[key]; ok {
			return nil, fmt.Errorf("key %q stands there twice; keep one of the two", key)
		}
		members[key] = raw
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object; there must be nothing else")
	}
	return members, nil
}

// marshal writes compact JSON and leaves <, > and & as they are, which reasons are full of.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// maxExcerpt bounds what a complaint quotes, in bytes.
const maxExcerpt = 40

// excerpt returns the beginning of raw for a complaint.
func excerpt(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) <= maxExcerpt {
		return string(raw)
	}
	end := maxExcerpt
	for end > 0 && !utf8.RuneStart(raw[end]) {
		end--
	}
	return string(raw[:end]) + "…"
}
