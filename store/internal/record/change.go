package record

import (
	"fmt"

	"github.com/oklog/ulid/v2"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// One transaction carries a document, a state and an entry: 64 + 512 + 256 KiB at most, half of what etcd accepts in
// one request (1.5 MiB unless configured otherwise).
const (
	MaxStateBytes = 512 << 10
	MaxEntryBytes = 256 << 10
)

// Change is one tick's write.
type Change struct {
	App      string
	Document *settings.Document
	State    tuner.State
	Decision *tuner.Decision
}

// Encoded is a Change as it is stored. Settings and Entry are nil where nothing is written.
type Encoded struct {
	Settings, Tuner, Entry []byte
	// EntryID is the end of the entry's key.
	EntryID string
}

// Encode checks c and encodes it. It refuses a document of another application, a document without a decision, an
// identifier that is no ULID, and whatever would be too large.
func (c Change) Encode() (Encoded, error) {
	var out Encoded
	var err error
	if c.Document != nil && c.Decision == nil {
		return Encoded{}, fmt.Errorf("generation %d comes without a decision: every change is journalled", c.Document.Generation)
	}
	if c.Document != nil {
		if out.Settings, err = EncodeDocument(c.App, *c.Document); err != nil {
			return Encoded{}, err
		}
	}
	if out.Tuner, err = tuner.EncodeState(c.State); err != nil {
		return Encoded{}, err
	}
	if len(out.Tuner) > MaxStateBytes {
		return Encoded{}, fmt.Errorf("the tuner's state is %d bytes, at most %d are stored: use fewer rules or shorter names", len(out.Tuner), MaxStateBytes)
	}
	if c.Decision != nil {
		out.EntryID = c.Decision.ID
		out.Entry, err = Entry{Decision: *c.Decision, Document: out.Settings}.Encode()
	}
	return out, err
}

// EncodeDocument encodes a document of the application app.
func EncodeDocument(app string, d settings.Document) ([]byte, error) {
	if err := checkApp(app, d); err != nil {
		return nil, err
	}
	return d.Encode()
}

// DecodeDocument reads a stored document of the application app. The zero Document is the answer to no bytes.
func DecodeDocument(app string, data []byte) (settings.Document, error) {
	if len(data) == 0 {
		return settings.Document{}, nil
	}
	d, err := settings.DecodeDocument(data)
	if err != nil {
		return settings.Document{}, err
	}
	if err := checkApp(app, d); err != nil {
		return settings.Document{}, err
	}
	return d, nil
}

func checkApp(app string, d settings.Document) error {
	if d.App != app {
		return fmt.Errorf("the document is of the application %q, not of %q", d.App, app)
	}
	return nil
}

// DecodeState reads a stored state. The zero State is the answer to no bytes.
func DecodeState(data []byte) (tuner.State, error) {
	if len(data) == 0 {
		return tuner.State{}, nil
	}
	return tuner.DecodeState(data)
}

func checkID(id string) error {
	if _, err := ulid.ParseStrict(id); err != nil {
		return fmt.Errorf("decision ID %q: %w: the journal is ordered by ULIDs", id, err)
	}
	return nil
}
