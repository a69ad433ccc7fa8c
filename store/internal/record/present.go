package record

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/veltrix/veltrix/settings"
)

// Present is what an operator's write starts from, as stored. Missing parts are empty.
type Present struct {
	Settings, Tuner []byte
	// Newest is the newest entry of the journal.
	Newest Raw
}

// NextGeneration returns a generation above every one that anything stored speaks of. So it grows even over a document
// that can't be read or was deleted.
func (p Present) NextGeneration() int64 {
	newest := generationOf(p.Settings)
	newest = max(newest, generationOf(p.Tuner))
	if e, err := DecodeEntry(p.Newest.Value); err == nil {
		newest = max(newest, e.Decision.NextGeneration, generationOf(e.Document))
	}
	return newest + 1
}

// generationOf reads no more than the generation, so that it succeeds where the whole is refused. It is 0 if there is
// none.
func generationOf(data []byte) int64 {
	var v struct {
		Generation int64 `json:"generation"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return 0
	}
	return v.Generation
}

// NextID returns a ULID of the time now that sorts behind the newest entry even if the clock that wrote that one is
// ahead: the journal's order is the order of its writes.
func (p Present) NextID(now time.Time) (string, error) {
	last, err := ulid.ParseStrict(p.Newest.ID)
	at := ulid.Timestamp(now)
	if err == nil && last.Time() >= at {
		at = last.Time() + 1
	}
	id, err := ulid.New(at, rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make a decision ID: %w", err)
	}
	return id.String(), nil
}

// Document decodes the present document.
func (p Present) Document(app string) (settings.Document, error) {
	return DecodeDocument(app, p.Settings)
}
