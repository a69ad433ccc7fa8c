package record

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Longest names and reasons that an operator may give, in bytes.
const (
	maxWho = 200
	maxWhy = 2000
)

// Write is an operator's write: who, why, when, and what the store calls it.
type Write struct {
	App, Who, Why string
	Now           time.Time
	Reason        tuner.Reason
}

// Check refuses a write without a name and texts that are too long.
func (w Write) Check() error {
	switch {
	case w.Who == "":
		return errors.New("nobody is named: the journal must say who does this")
	case len(w.Who) > maxWho || len(w.Why) > maxWhy:
		return fmt.Errorf("who is %d bytes and why is %d: at most %d and %d are kept", len(w.Who), len(w.Why), maxWho, maxWhy)
	case !utf8.ValidString(w.Who) || !utf8.ValidString(w.Why):
		return errors.New("who and why must be text in UTF-8")
	}
	return nil
}

// Edited is what an operator's write leaves to be stored.
type Edited struct {
	Document settings.Document
	// Changed is false if everything already is as asked for; nothing is to be stored then.
	Changed bool
	Encoded Encoded
}

// Set changes values and drops unset in the present document.
func (w Write) Set(p Present, values settings.Values, unset []settings.Name) (Edited, error) {
	current, err := p.Document(w.App)
	if err != nil {
		return Edited{}, fmt.Errorf("the stored document can't be read, so nothing can be set in it: %w; roll back to a former generation first", err)
	}
	next := current.Settings.Overlay(values)
	for _, name := range unset {
		if _, ok := settings.Lookup(name); !ok {
			return Edited{}, fmt.Errorf("unset %q: %w", name, settings.ErrUnknownSetting)
		}
		if _, both := values[name]; both {
			return Edited{}, fmt.Errorf("%s is both set and unset: leave out one", name)
		}
		delete(next, name)
	}
	return w.replace(p, current, next, current.Topics)
}

// Restore writes the former document's settings and topics as a new generation. The zero former is the time before
// the first document. The present document may be one that can't be read.
func (w Write) Restore(p Present, former settings.Document) (Edited, error) {
	current, err := p.Document(w.App)
	if err != nil {
		// What can't be read is replaced; its steps start from nothing.
		current = settings.Document{Generation: p.NextGeneration() - 1}
		return w.write(p, current, former.Settings, former.Topics)
	}
	return w.replace(p, current, former.Settings, former.Topics)
}

func (w Write) replace(p Present, current settings.Document, values settings.Values, topics map[string]settings.Values) (Edited, error) {
	if current.SameValues(settings.Document{Settings: values, Topics: topics}) {
		return Edited{Document: current}, nil
	}
	return w.write(p, current, values, topics)
}

func (w Write) write(p Present, current settings.Document, values settings.Values, topics map[string]settings.Values) (Edited, error) {
	id, err := p.NextID(w.Now)
	if err != nil {
		return Edited{}, err
	}
	next := settings.Document{
		Schema: settings.SchemaVersion, App: w.App, Generation: p.NextGeneration(),
		Settings: values.Overlay(nil), Topics: topics,
		Decision: id, Reason: w.sentence(), Time: w.Now.UTC(),
	}
	data, err := EncodeDocument(w.App, next)
	if err != nil {
		return Edited{}, err
	}
	entry, err := Entry{
		Decision: w.decision(id, steps(current, next), current.Generation, next.Generation),
		Document: data,
	}.Encode()
	if err != nil {
		return Edited{}, err
	}
	return Edited{Document: next, Changed: true, Encoded: Encoded{Settings: data, Entry: entry, EntryID: id}}, nil
}

// Note encodes a journal entry that changes no document: a hold or its end.
func (w Write) Note(p Present, detail string) (Encoded, error) {
	id, err := p.NextID(w.Now)
	if err != nil {
		return Encoded{}, err
	}
	generation := generationOf(p.Settings)
	d := w.decision(id, nil, generation, generation)
	d.Detail += detail
	data, err := Entry{Decision: d}.Encode()
	return Encoded{Entry: data, EntryID: id}, err
}

func (w Write) decision(id string, steps []tuner.Step, from, to int64) tuner.Decision {
	return tuner.Decision{
		ID: id, App: w.App, Time: w.Now.UTC(), Mode: tuner.ModeEnforce, Reason: w.Reason, Detail: w.sentence(),
		Steps: steps, Generation: from, NextGeneration: to,
	}
}

func (w Write) sentence() string {
	if w.Why == "" {
		return "by " + w.Who
	}
	return "by " + w.Who + ": " + w.Why
}

// steps lists what changes, first for the application, then by topic.
func steps(from, to settings.Document) []tuner.Step {
	all := topicSteps("", from.Settings, to.Settings)
	topics := maps.Clone(from.Topics)
	if topics == nil {
		topics = make(map[string]settings.Values, len(to.Topics))
	}
	maps.Copy(topics, to.Topics)
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		all = append(all, topicSteps(topic, from.Topics[topic], to.Topics[topic])...)
	}
	return all
}

func topicSteps(topic string, from, to settings.Values) []tuner.Step {
	changes := from.Diff(to)
	steps := make([]tuner.Step, 0, len(changes))
	for _, c := range changes {
		steps = append(steps, tuner.Step{Setting: c.Name, Topic: topic, From: c.From, To: c.To})
	}
	return steps
}
