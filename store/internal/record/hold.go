package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// EncodeHold checks a hold and encodes it. A missing Since becomes now.
func EncodeHold(h tuner.Hold, now time.Time) ([]byte, error) {
	if h.Since.IsZero() {
		h.Since = now.UTC()
	}
	if err := (Write{Who: h.Who, Why: h.Why}).Check(); err != nil {
		return nil, err
	}
	if !h.Until.IsZero() && !h.Until.After(now) {
		return nil, fmt.Errorf("the hold ends %s, which is over already: give a later time, or none", h.Until.Format(time.RFC3339))
	}
	for _, name := range h.Settings {
		if _, ok := settings.Lookup(name); !ok {
			return nil, fmt.Errorf("hold %q: %w", name, settings.ErrUnknownSetting)
		}
	}
	data, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode hold: %w", err)
	}
	return data, nil
}

// DecodeHold reads a stored hold; nil is the answer to no bytes. A hold that can't be read holds everything: somebody
// wanted the loop to stop, and guessing what exactly would be worse than stopping.
func DecodeHold(data []byte) *tuner.Hold {
	if len(data) == 0 {
		return nil
	}
	var h tuner.Hold
	err := json.Unmarshal(data, &h)
	if err == nil && h.Who == "" {
		err = errors.New("it names nobody")
	}
	if err != nil {
		return &tuner.Hold{Who: "unknown", Why: "the stored hold can't be read: " + err.Error() + "; release it and hold again"}
	}
	return &h
}

// DescribeHold says what a hold holds and until when, for the journal.
func DescribeHold(h tuner.Hold) string {
	what := "; holds every setting"
	if len(h.Settings) > 0 {
		what = fmt.Sprintf("; holds %v", h.Settings)
	}
	if h.Until.IsZero() {
		return what + " until released"
	}
	return what + " until " + h.Until.UTC().Format(time.RFC3339)
}
