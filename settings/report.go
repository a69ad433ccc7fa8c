package settings

import "time"

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
