package tuner

import (
	"encoding/json"
	"fmt"
)

// EncodeState returns s as JSON: readable, with stable bytes for equal states, and with the present version. It fails
// only if s holds a number that JSON can't write, which no state made by [Decide] does.
func EncodeState(s State) ([]byte, error) {
	s.Version = StateVersion
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode tuner state: %w", err)
	}
	return data, nil
}

// DecodeState reads what [EncodeState] wrote. It refuses another version and anything that is not one JSON object:
// a state half understood is worse than none.
func DecodeState(data []byte) (State, error) {
	var version struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return State{}, fmt.Errorf("decode tuner state: %w", err)
	}
	if version.Version == nil {
		return State{}, fmt.Errorf("decode tuner state: it has no version; this build reads version %d", StateVersion)
	}
	if *version.Version != StateVersion {
		return State{}, fmt.Errorf("decode tuner state: it has version %d, this build reads %d; run the build that wrote it, or delete the state to start afresh",
			*version.Version, StateVersion)
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("decode tuner state: %w", err)
	}
	return s, nil
}
