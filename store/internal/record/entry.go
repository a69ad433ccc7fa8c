package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Entry is the value of one key of the journal: what was decided, and the document that came of it, byte for byte as
// it was stored, so that a roll-back restores it exactly.
type Entry struct {
	Decision tuner.Decision  `json:"decision"`
	Document json.RawMessage `json:"document,omitempty"`
}

// Encode checks the entry's identifier and size.
func (e Entry) Encode() ([]byte, error) {
	if err := checkID(e.Decision.ID); err != nil {
		return nil, err
	}
	e.Decision.Evidence = finiteEvidence(e.Decision.Evidence)
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode journal entry %s: %w", e.Decision.ID, err)
	}
	if len(data) > MaxEntryBytes {
		return nil, fmt.Errorf("journal entry %s is %d bytes, at most %d are stored: shorten what its rules are called or say",
			e.Decision.ID, len(data), MaxEntryBytes)
	}
	return data, nil
}

// DecodeEntry reads what Encode wrote.
func DecodeEntry(data []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return Entry{}, fmt.Errorf("decode journal entry: %w", err)
	}
	return e, nil
}

// former returns the entry's document; ok is false if it has none.
func (e Entry) former(app string) (d settings.Document, ok bool, err error) {
	if len(e.Document) == 0 {
		return settings.Document{}, false, nil
	}
	d, err = DecodeDocument(app, e.Document)
	return d, true, err
}

// finiteEvidence leaves out the numbers that JSON can't write, so that a query that gave NaN can't keep a decision
// from being journalled.
func finiteEvidence(e tuner.Evidence) tuner.Evidence {
	e.Load = finiteReading(e.Load)
	e.Objectives = maps.Clone(e.Objectives)
	for name, r := range e.Objectives {
		e.Objectives[name] = finiteReading(r)
	}
	e.Rules = maps.Clone(e.Rules)
	maps.DeleteFunc(e.Rules, func(_ string, x float64) bool { return !finite(x) })
	return e
}

func finiteReading(r tuner.Reading) tuner.Reading {
	if finite(r.Value) {
		return r
	}
	if r.Why == "" {
		r.Why = fmt.Sprintf("the value is %g", r.Value)
	}
	r.Value, r.OK = 0, false
	return r
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
