package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Validate says what is wrong with the document, all complaints joined; nil if nothing is. Relations are checked within
// the settings, and within each topic's settings laid over them.
func (d Document) Validate() error {
	errs := []error{d.checkHead(), d.Settings.Validate()}
	for _, topic := range slices.Sorted(maps.Keys(d.Topics)) {
		if err := d.checkTopic(topic); err != nil {
			errs = append(errs, fmt.Errorf("topic %q: %w", topic, err))
		}
	}
	return errors.Join(errs...)
}

func (d Document) checkHead() error {
	errs := []error{d.checkSchema()}
	if d.App == "" {
		errs = append(errs, errors.New("the document's app is empty; it must name the application"))
	}
	if d.Generation < 1 {
		errs = append(errs, fmt.Errorf("the document's generation is %d; it must be at least 1 and grow with every change", d.Generation))
	}
	if y := d.Time.UTC().Year(); y < 0 || y > 9999 {
		errs = append(errs, fmt.Errorf("the document's time is in the year %d; it must be between 0 and 9999 in UTC", y))
	}
	for _, s := range []struct{ key, text string }{{"app", d.App}, {"decision", d.Decision}, {"reason", d.Reason}} {
		if !utf8.ValidString(s.text) {
			errs = append(errs, fmt.Errorf("the document's %s is %q, which is not UTF-8; write it in UTF-8", s.key, s.text))
		}
	}
	return errors.Join(errs...)
}

func (d Document) checkSchema() error {
	if d.Schema != SchemaVersion {
		return fmt.Errorf("the document's schema is %d, this version reads %d; upgrade the older side", d.Schema, SchemaVersion)
	}
	return nil
}

func (d Document) checkTopic(topic string) error {
	errs := []error{checkTopicName(topic)}
	values := d.Topics[topic]
	for _, n := range values.Names() {
		if s, _ := Lookup(n); !s.PerTopic {
			errs = append(errs, fmt.Errorf("%s is %s here, but it can't differ between topics; set it for the whole application", n, values[n]))
		}
	}
	errs = append(errs, Hard().checkEach(values))
	overlaid := d.For(topic)
	for _, r := range Relations() {
		if r.check(d.Settings) == nil { // else the complaint about the settings is enough
			errs = append(errs, r.check(overlaid))
		}
	}
	return errors.Join(errs...)
}

// maxTopicName is Kafka's own limit, in bytes.
const maxTopicName = 249

// checkTopicName refuses what Kafka itself refuses as a topic's name.
func checkTopicName(topic string) error {
	legal := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	ok := topic != "" && topic != "." && topic != ".." && len(topic) <= maxTopicName
	for _, c := range topic {
		ok = ok && legal(c)
	}
	if !ok {
		return fmt.Errorf("this is no name of a topic; use 1 to %d letters, digits, dots, underscores and hyphens", maxTopicName)
	}
	return nil
}
