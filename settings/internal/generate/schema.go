package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/veltrix/veltrix/settings"
)

const schemaID = "https://github.com/veltrix/veltrix/settings/document.schema.json"

// topicPattern is what Kafka accepts as a topic's name, but for "." and "..".
const topicPattern = `^[A-Za-z0-9._-]{1,249}$`

// member is one key of a JSON object and its value.
type member struct {
	key   string
	value any
}

// object is a JSON object whose keys keep their order.
type object []member

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, m := range o {
		value, err := encode(m.value)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", m.key, err)
		}
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&b, "%q:%s", m.key, value)
	}
	if len(o) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// schema returns the JSON Schema of the document, draft 2020-12.
func schema(rows []settings.Setting, relations []settings.Relation) ([]byte, error) {
	compact, err := encode(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", schemaID},
		{"$comment", "Generated from the table of settings by `go generate ./settings`. Do not edit."},
		{"title", "Veltrix settings document"},
		{"description", about(relations)},
		{"type", "object"},
		{"required", []string{"schema", "app", "generation", "settings"}},
		{"additionalProperties", false},
		{"properties", documentProperties()},
		{"$defs", definitions(rows)},
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the schema: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// about says what a schema can't.
func about(relations []settings.Relation) string {
	rules := make([]string, len(relations))
	for i, r := range relations {
		rules[i] = r.String()
	}
	return fmt.Sprintf("The settings that were tuned for one application, and no others. A reader also refuses more than %d bytes, repeated keys, "+
		"numbers with a fraction or an exponent, and, where all settings of a rule are present (a topic's laid over the application's), the breach of these rules: %s.",
		settings.MaxDocumentBytes, strings.Join(rules, "; "))
}

func documentProperties() object {
	text := func(description string) object {
		return object{{"description", description}, {"type", "string"}}
	}
	return object{
		{"schema", object{{"description", "The version of this schema."}, {"const", settings.SchemaVersion}}},
		{"app", append(text("The application's name, as in the key."), member{"minLength", 1})},
		{"generation", object{
			{"description", "Grows by one with every change, also with one that takes back an earlier one."},
			{"type", "integer"},
			{"minimum", 1},
			{"maximum", math.MaxInt64},
		}},
		{"settings", object{{"description", "The tuned values for the whole application. A missing key means the application's own value, never zero."}, {"$ref", "#/$defs/settings"}}},
		{"topics", object{
			{"description", "The tuned values for single topics, by the topic's name; they win over settings."},
			{"type", "object"},
			{"propertyNames", object{{"pattern", topicPattern}, {"not", object{{"enum", []string{".", ".."}}}}}},
			{"additionalProperties", object{{"$ref", "#/$defs/topicSettings"}}},
		}},
		{"decision", text("The identifier of the decision that wrote the document, a ULID. Missing if a person wrote it by hand.")},
		{"reason", text("What the decision's journal entry begins with.")},
		{"time", append(text("When the document was decided, in UTC."), member{"format", "date-time"})},
	}
}

func definitions(rows []settings.Setting) object {
	var all, perTopic object
	for _, s := range rows {
		name := string(s.Name)
		all = append(all, member{name, settingSchema(s)})
		if s.PerTopic {
			perTopic = append(perTopic, member{name, object{{"$ref", "#/$defs/settings/properties/" + name}}})
		}
	}
	return object{
		{"settings", object{{"type", "object"}, {"additionalProperties", false}, {"properties", all}}},
		{"topicSettings", object{{"type", "object"}, {"minProperties", 1}, {"additionalProperties", false}, {"properties", perTopic}}},
	}
}

func settingSchema(s settings.Setting) object {
	o := object{{"description", fmt.Sprintf("Kind: %s. Class: %s. Used: %s. Bounds: %s.", s.Kind, s.Class, s.Applies, s.Why)}}
	if s.Kind == settings.Enum {
		o = append(o, member{"enum", slices.Clone(s.Enum)})
	} else {
		o = append(o, member{"type", "integer"}, member{"minimum", s.Min}, member{"maximum", s.Max})
	}
	if s.Default.IsSet() {
		o = append(o, member{"default", s.Default})
	}
	return o
}
