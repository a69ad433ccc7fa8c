package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// DecodeDocument reads a document and refuses it as a whole if anything in it is not exactly as it should be: more than
// [MaxDocumentBytes], unknown or repeated keys, null, trailing data, another schema version, unknown settings, wrong
// kinds, values outside the hard bounds, broken relations. The complaints about one step of reading are joined; each is
// a sentence that names the key, its value, what is allowed and what to do.
func DecodeDocument(data []byte) (Document, error) {
	if len(data) > MaxDocumentBytes {
		return Document{}, fmt.Errorf("the document has %d bytes, at most %d are read; remove topics that no longer need settings of their own", len(data), MaxDocumentBytes)
	}
	if err := checkSyntax(data); err != nil {
		return Document{}, fmt.Errorf("the document is not JSON: %w", err)
	}
	members, err := readObject(data)
	if err != nil {
		return Document{}, fmt.Errorf("the document can't be read: %w", err)
	}
	d, err := readDocument(members)
	if err != nil {
		return Document{}, err
	}
	d = d.normal()
	if err := d.Validate(); err != nil {
		return Document{}, err
	}
	return d, nil
}

// checkSyntax says where data stops being one JSON text in UTF-8.
func checkSyntax(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("it contains bytes that are not UTF-8; write it in UTF-8")
	}
	err := json.Unmarshal(data, new(json.RawMessage))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("at byte %d: %w; there must be one JSON object and nothing else", syntax.Offset, syntax)
	}
	return err
}

// documentKey is one key of the document's JSON.
type documentKey struct {
	name     string
	into     any    // where its value goes
	wants    string // what the value must be; empty if the value's own complaints say it
	required bool
}

// keys lists the document's keys in the order in which they are written.
func (d *Document) keys() []documentKey {
	return []documentKey{
		{name: "schema", into: &d.Schema, wants: "a whole number", required: true},
		{name: "app", into: &d.App, wants: "a string", required: true},
		{name: "generation", into: &d.Generation, wants: "a whole number of at least 1", required: true},
		{name: "settings", into: &d.Settings, required: true},
		{name: "topics", into: (*topicValues)(&d.Topics)},
		{name: "decision", into: &d.Decision, wants: "a string"},
		{name: "reason", into: &d.Reason, wants: "a string"},
		{name: "time", into: &d.Time, wants: "a time such as \"2026-11-23T03:20:00Z\""},
	}
}

func readDocument(members map[string]json.RawMessage) (Document, error) {
	var d Document
	keys := d.keys()
	if err := keys[0].read(members); err != nil {
		return Document{}, err
	}
	if err := d.checkSchema(); err != nil {
		return Document{}, err // the keys of another version mean nothing here
	}
	var errs []error
	for _, k := range keys[1:] {
		errs = append(errs, k.read(members))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.ContainsFunc(keys, func(k documentKey) bool { return k.name == name }) {
			errs = append(errs, fmt.Errorf("the document has an unknown key %q; remove it or check its spelling, lower case included", name))
		}
	}
	return d, errors.Join(errs...)
}

func (k documentKey) read(members map[string]json.RawMessage) error {
	raw, ok := members[k.name]
	switch {
	case !ok && k.required:
		return fmt.Errorf("the document has no key %q; it must be there", k.name)
	case !ok:
		return nil
	case string(raw) == "null":
		return fmt.Errorf("the document's %s is null; give it a value or leave the key out", k.name)
	}
	err := json.Unmarshal(raw, k.into)
	switch {
	case err == nil:
		return nil
	case k.wants == "":
		return fmt.Errorf("the document's %s: %w", k.name, err)
	}
	return fmt.Errorf("the document's %s is %s; it must be %s", k.name, excerpt(raw), k.wants)
}

// Encode writes the document as it is stored: the same document gives the same bytes, and [DecodeDocument] gives the
// same document back. Topics without settings are left out. It refuses what DecodeDocument would refuse.
func (d Document) Encode() ([]byte, error) {
	d = d.normal()
	if err := d.Validate(); err != nil {
		return nil, err
	}
	data, err := marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode the document of %s: %w", d.App, err)
	}
	if len(data) > MaxDocumentBytes {
		return nil, fmt.Errorf("the document of %s has %d bytes, at most %d are written; tune fewer topics", d.App, len(data), MaxDocumentBytes)
	}
	return data, nil
}

// normal gives every document that means the same one form.
func (d Document) normal() Document {
	if d.Settings == nil {
		d.Settings = Values{}
	}
	topics := maps.Clone(d.Topics)
	maps.DeleteFunc(topics, func(_ string, v Values) bool { return len(v) == 0 })
	if len(topics) == 0 {
		topics = nil
	}
	d.Topics = topics
	d.Time = d.Time.Round(0).UTC()
	return d
}
