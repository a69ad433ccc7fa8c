package tuner

import (
	"time"

	"github.com/veltrix/veltrix/settings"
)

// Step is one setting that a decision moves.
type Step struct {
	Setting settings.Name `json:"setting"`
	Topic   string        `json:"topic,omitempty"`
	// From is the effective value before; To the one after. To is unset where the document drops the setting.
	From settings.Value `json:"from,omitzero"`
	To   settings.Value `json:"to,omitzero"`
}

// Overruled is a rule's action that was not taken, and why.
type Overruled struct {
	Rule    string        `json:"rule"`
	Setting settings.Name `json:"setting,omitempty"`
	Reason  Reason        `json:"reason"`
	Detail  string        `json:"detail,omitempty"`
}

// Decision is the outcome of one tick. One that changes something is also the journal's entry.
type Decision struct {
	// ID is Input.DecisionID.
	ID   string    `json:"id"`
	App  string    `json:"app"`
	Time time.Time `json:"time"`
	// Mode is the mode under which it was decided; in shadow nothing is written.
	Mode   Mode   `json:"mode"`
	Reason Reason `json:"reason"`
	// Detail is one sentence for people.
	Detail string `json:"detail,omitempty"`
	// Rule is the rule that was followed, if one was.
	Rule string `json:"rule,omitempty"`
	// Steps are the settings that change, in the table's order. Empty: nothing changes.
	Steps []Step `json:"steps,omitempty"`
	// Generation is the document's before, NextGeneration after; equal if nothing changes.
	Generation     int64 `json:"generation"`
	NextGeneration int64 `json:"next_generation"`
	// Overruled are the actions that were asked for and not taken.
	Overruled []Overruled `json:"overruled,omitempty"`
	// Evidence is what was seen: readings of objectives and load, and the value of every firing rule.
	Evidence Evidence `json:"evidence"`
	// Next is the document to write; nil if nothing changes. It is not part of the journal.
	Next *settings.Document `json:"-"`
}

// Evidence is the readings on which a decision stands.
type Evidence struct {
	Objectives map[string]Reading `json:"objectives,omitempty"`
	Load       Reading            `json:"load"`
	Rules      map[string]float64 `json:"rules,omitempty"`
	Instances  int                `json:"instances"`
}

// Changes says whether the decision changes the document.
func (d Decision) Changes() bool { return d.Next != nil }
