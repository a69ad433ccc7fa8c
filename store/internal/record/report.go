package record

import (
	"encoding/json"
	"fmt"

	"github.com/veltrix/veltrix/settings"
)

// MaxReportBytes bounds what one instance may store of itself: every setting's value takes 2 KiB.
const MaxReportBytes = 64 << 10

// EncodeReport encodes the report of the instance id of app, whatever r says of the two.
func EncodeReport(app, id string, r settings.Report) ([]byte, error) {
	r.App, r.ID = app, id
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode the report of instance %s: %w", id, err)
	}
	if len(data) > MaxReportBytes {
		return nil, fmt.Errorf("the report of instance %s is %d bytes, at most %d are stored: shorten its refusal", id, len(data), MaxReportBytes)
	}
	return data, nil
}

// DecodeReport reads the report of the instance id. Settings that this build doesn't know are left out: the instance
// may be newer. A report that can't be read becomes one that refuses, so that the instance is seen and counts as unhealthy.
func DecodeReport(app, id string, data []byte) settings.Report {
	// The outer Effective hides the strict one within.
	v := struct {
		settings.Report
		Effective map[settings.Name]settings.Value `json:"effective"`
	}{}
	if err := json.Unmarshal(data, &v); err != nil {
		return settings.Report{ID: id, App: app, Refusal: &settings.Refusal{Reason: "its report can't be read: " + err.Error()}}
	}
	r := v.Report
	r.ID, r.App = id, app
	r.Effective = make(settings.Values, len(v.Effective))
	for name, value := range v.Effective {
		if _, ok := settings.Lookup(name); ok {
			r.Effective[name] = value
		}
	}
	return r
}
