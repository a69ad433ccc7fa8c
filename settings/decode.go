package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// DecodeDocument reads a document and refuses it as a whole if anything in it is not exactly as it should be: more than
// [MaxDocumentBytes], unknown or repeated keys, trailing data, another schema version, unknown settings, wrong kinds,
// values outside the hard bounds, broken relations. Every complaint is a sentence that names the key.
func DecodeDocument(data []byte) (Document, error) {
	if len(data) > MaxDocumentBytes {
		return Document{}, fmt.Errorf("the document has %d bytes, at most %d are read; remove topics that no longer need settings of their own", len(data), MaxDocumentBytes)
	}
	if err := refuseRepeatedKeys(data); err != nil {
		return Document{}, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var d Document
	if err := dec.Decode(&d); err != nil {
		return Document{}, fmt.Errorf("the document can't be read: %w", err)
	}
	if err := d.Validate(); err != nil {
		return Document{}, err
	}
	return d, nil
}

// Encode writes the document as it is stored: the same document gives the same bytes. It refuses what
// [DecodeDocument] would refuse.
func (d Document) Encode() ([]byte, error) {
	d = d.normal()
	if err := d.Validate(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode the document of %s: %w", d.App, err)
	}
	if len(data) > MaxDocumentBytes {
		return nil, fmt.Errorf("the document of %s has %d bytes, at most %d are written; tune fewer topics", d.App, len(data), MaxDocumentBytes)
	}
	return data, nil
}

// normal fills in what may be left out and has only one form in JSON.
func (d Document) normal() Document {
	if d.Settings == nil {
		d.Settings = Values{}
	}
	d.Time = d.Time.UTC()
	return d
}

// Validate says what is wrong with the document, all complaints joined; nil if nothing is.
func (d Document) Validate() error {
	errs := []error{d.validateHead(), d.Settings.Validate()}
	for _, topic := range slices.Sorted(maps.Keys(d.Topics)) {
		if err := d.validateTopic(topic); err != nil {
			errs = append(errs, fmt.Errorf("topic %q: %w", topic, err))
		}
	}
	return errors.Join(errs...)
}

func (d Document) validateHead() error {
	switch {
	case d.Schema != SchemaVersion:
		return fmt.Errorf("the document's schema is %d, this version reads %d; upgrade the older side", d.Schema, SchemaVersion)
	case d.App == "":
		return errors.New("the document's app is empty; it must name the application")
	case d.Generation < 1:
		return fmt.Errorf("the document's generation is %d; it must be at least 1", d.Generation)
	case d.Settings == nil:
		return errors.New("the document has no settings; write {} to tune nothing")
	}
	return nil
}

func (d Document) validateTopic(topic string) error {
	if topic == "" {
		return errors.New("a topic has no name")
	}
	values := d.Topics[topic]
	if len(values) == 0 {
		return errors.New("no setting stands below it; remove the topic")
	}
	var errs []error
	for _, n := range values.Names() {
		if s, _ := Lookup(n); !s.PerTopic {
			errs = append(errs, fmt.Errorf("%s can't be set for one topic; set it for the whole application", n))
		}
	}
	errs = append(errs, values.Validate())
	if values.ValidateRelations() == nil && d.Settings.ValidateRelations() == nil {
		errs = append(errs, d.For(topic).ValidateRelations())
	}
	return errors.Join(errs...)
}

// UnmarshalJSON reads an object of settings, and refuses unknown names, values of another kind, and null.
func (v *Values) UnmarshalJSON(data []byte) error {
	var raw map[Name]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("settings must be an object of names and values: %w", err)
	}
	if raw == nil {
		return errors.New("settings must be an object of names and values, not null")
	}
	out := make(Values, len(raw))
	var errs []error
	for _, n := range slices.Sorted(maps.Keys(raw)) {
		x, err := readValue(n, raw[n])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out[n] = x
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
		return Value{}, fmt.Errorf("%s must be %s, not %s", n, s.wants(), raw)
	}
	return x, nil
}

// refuseRepeatedKeys reads the whole text once: encoding/json silently takes the last of several equal keys, and of two
// writers' opinions it must not be chance that decides. It also refuses what follows the document.
func refuseRepeatedKeys(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := walk(dec, ""); err != nil {
		return fmt.Errorf("the document can't be read: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the document can't be read: something follows it; there must be one JSON object and nothing else")
	}
	return nil
}

// walk reads one JSON value at the place path.
func walk(dec *json.Decoder, path string) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		place := path
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string) // the decoder gives nothing else there
			if seen[name] {
				return fmt.Errorf("key %q stands twice in %q; keep one of them", name, path)
			}
			seen[name] = true
			place = path + "/" + name
		}
		if err := walk(dec, place); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the closing bracket
	return err
}
