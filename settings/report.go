package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Update is what a source of documents delivers: the newest document, its absence, or the news that what is stored
// can't be read.
type Update struct {
	// Document is the newest document. The zero Document with Err nil means that there is none: the application's own
	// values count.
	Document Document
	// Err says that the stored document can't be read and why. The receiver keeps what it has and reports the refusal.
	Err error
	// Cached says that the document comes from a cache file because the source itself could not be reached.
	Cached bool
}

// Present says whether the update carries a document.
func (u Update) Present() bool { return u.Err == nil && u.Document.Generation > 0 }

// Report is what an instance says of itself under its lease: what it runs, and what it refused.
type Report struct {
	// ID is unique among the application's instances.
	ID string `json:"id"`
	// App is the application's name.
	App string `json:"app"`
	// Version is the version of the application's build.
	Version string `json:"version,omitempty"`
	// Started is when the process started, in UTC.
	Started time.Time `json:"started"`
	// Generation is the newest document that the instance applied; 0 if it runs its own configuration.
	Generation int64 `json:"generation"`
	// Effective are the values in use for the whole application, after every overlay.
	Effective Values `json:"effective"`
	// Refusal is set while the newest document is refused.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// Refusal says which document an instance refused and why.
type Refusal struct {
	// Generation is the refused document's; 0 if it could not be read at all.
	Generation int64 `json:"generation"`
	// Settings are the names that were complained about; empty if the document could not be read.
	Settings []Name `json:"settings,omitempty"`
	// Reason is the complaint, a sentence.
	Reason string `json:"reason"`
}

// DecodeReport reads a report in JSON. An instance may be newer than its reader, so keys and settings that this version
// doesn't know are left out. A known setting with a value of the wrong kind is an error; bounds are not checked, because
// an application's own configuration may lie outside them.
func DecodeReport(data []byte) (Report, error) {
	var in struct {
		reportHead
		Effective map[Name]json.RawMessage `json:"effective"` // hides the strict one within
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Report{}, fmt.Errorf("the report can't be read: %w", err)
	}
	r := Report(in.reportHead)
	r.Effective = make(Values, len(in.Effective))
	var errs []error
	for _, n := range slices.Sorted(maps.Keys(in.Effective)) {
		if _, known := Lookup(n); !known {
			continue
		}
		x, err := readValue(n, in.Effective[n])
		if err != nil {
			errs = append(errs, fmt.Errorf("the report of %s: effective: %w", r.ID, err))
			continue
		}
		r.Effective[n] = x
	}
	if err := errors.Join(errs...); err != nil {
		return Report{}, err
	}
	return r, nil
}

type reportHead Report
