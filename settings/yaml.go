package settings

import "encoding/json"

// UnmarshalYAML reads a mapping as UnmarshalJSON reads an object. It is the form of the interface that needs no YAML
// library here; the libraries call it.
func (v *Values) UnmarshalYAML(unmarshal func(any) error) error {
	var raw map[string]any
	if err := unmarshal(&raw); err != nil {
		return err
	}
	asJSON, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	return v.UnmarshalJSON(asJSON)
}
