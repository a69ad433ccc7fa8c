package settings

import "time"

// SchemaVersion is the version of the document that this package reads and writes.
const SchemaVersion = 1

// MaxDocumentBytes is the largest encoded document that is read or written.
const MaxDocumentBytes = 64 << 10

// Document is what etcd holds for an application: the settings that were tuned, and no others. Deleting it returns
// every client to its own configuration.
type Document struct {
	// Schema is [SchemaVersion].
	Schema int `json:"schema"`
	// App is the application's name, as in the key.
	App string `json:"app"`
	// Generation grows by one with every change, also with one that takes back an earlier one. It is at least 1.
	Generation int64 `json:"generation"`
	// Settings are the tuned values for the whole application.
	Settings Values `json:"settings"`
	// Topics are the tuned values for single topics; they win over Settings.
	Topics map[string]Values `json:"topics,omitempty"`
	// Decision is the identifier of the decision that wrote the document, a ULID. Empty if a person wrote it by hand.
	Decision string `json:"decision,omitempty"`
	// Reason is what the decision's journal entry begins with.
	Reason string `json:"reason,omitempty"`
	// Time is when the document was decided, in UTC. The zero Time if nobody noted it.
	Time time.Time `json:"time,omitzero"`
}

// For returns the tuned values that count for topic.
func (d Document) For(topic string) Values { return d.Settings.Overlay(d.Topics[topic]) }

// SameValues says whether both documents tune the same settings to the same values, whatever their generation.
func (d Document) SameValues(o Document) bool {
	if !d.Settings.Equal(o.Settings) || len(d.Topics) != len(o.Topics) {
		return false
	}
	for t, v := range d.Topics {
		if w, ok := o.Topics[t]; !ok || !v.Equal(w) {
			return false
		}
	}
	return true
}
