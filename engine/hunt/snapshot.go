package hunt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// snapshotVersion is the version of what [State.Snapshot] writes. It must grow when the form changes, and when the same
// events come to another state than before: a snapshot stands for all events before it.
const snapshotVersion = 1

// ErrSnapshot says that something is no snapshot that this version of the game can read.
var ErrSnapshot = errors.New("not a snapshot that can be read")

// savedState is a state as it is written down. Equal states are equal text: everything has an order.
type savedState struct {
	Version int         `json:"version"`
	Hunts   []savedHunt `json:"hunts"` // by id
	// Answers are the remembered ones, the oldest first.
	Answers []savedAnswer `json:"answers"`
}

type savedHunt struct {
	ID       string            `json:"id"`
	Digest   string            `json:"digest"`
	Plan     Plan              `json:"plan"`
	Players  []savedPlayer     `json:"players"` // by id
	Winners  map[string]string `json:"winners"`
	Finished bool              `json:"finished,omitempty"`
}

type savedPlayer struct {
	Standing
	Wrong map[string]int `json:"wrong,omitempty"`
}

// savedAnswer has short names, because there are as many as are remembered.
type savedAnswer struct {
	Hunt     string  `json:"h"`
	Command  string  `json:"c"`
	Digest   string  `json:"d,omitempty"`
	Outcome  Outcome `json:"o"`
	Reason   Reason  `json:"r,omitempty"`
	Points   int     `json:"p,omitempty"`
	Attempts int     `json:"a,omitempty"`
}

// Snapshot writes the state down, with the memory of former answers: what [Restore] makes of it goes on exactly as this
// state does. Equal states give equal bytes. It fails only for numbers that JSON doesn't have, which no event brings.
func (s *State) Snapshot() ([]byte, error) {
	saved := savedState{Version: snapshotVersion, Hunts: make([]savedHunt, 0, len(s.hunts)), Answers: s.memory.saved()}
	for _, h := range s.hunts {
		saved.Hunts = append(saved.Hunts, h.saved())
	}
	slices.SortFunc(saved.Hunts, func(a, b savedHunt) int { return cmp.Compare(a.ID, b.ID) })
	b, err := json.Marshal(saved)
	if err != nil {
		return nil, fmt.Errorf("write a snapshot of %d hunts: %w", len(s.hunts), err)
	}
	return b, nil
}

// Restore returns the state that a snapshot was made of. Its error is [ErrSnapshot] if the snapshot is damaged, or written
// by another version of the game: rebuild the state from the events then.
func Restore(snapshot []byte) (*State, error) {
	var head struct{ Version int }
	if err := json.Unmarshal(snapshot, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if head.Version != snapshotVersion {
		return nil, fmt.Errorf("%w: its version is %d, known is %d", ErrSnapshot, head.Version, snapshotVersion)
	}
	var saved savedState
	dec := json.NewDecoder(bytes.NewReader(snapshot))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&saved); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: there is something after its end", ErrSnapshot)
	}
	return saved.state()
}

func (s savedState) state() (*State, error) {
	state := NewState()
	for _, saved := range s.Hunts {
		if _, twice := state.hunts[saved.ID]; twice {
			return nil, fmt.Errorf("%w: hunt %q is in it twice", ErrSnapshot, saved.ID)
		}
		h, err := saved.hunt()
		if err != nil {
			return nil, err
		}
		state.hunts[saved.ID] = h
	}
	for _, a := range s.Answers {
		key := commandKey{a.Hunt, a.Command}
		if _, twice := state.memory.answers[key]; twice {
			return nil, fmt.Errorf("%w: command %q of hunt %q is answered twice", ErrSnapshot, a.Command, a.Hunt)
		}
		state.memory.put(key, answer{digest: a.Digest, outcome: a.Outcome, reason: a.Reason, points: a.Points, attempts: a.Attempts})
	}
	return state, nil
}

func (h *Hunt) saved() savedHunt {
	saved := savedHunt{ID: h.ID, Digest: h.digest, Plan: h.Plan, Winners: h.winners, Finished: h.finished, Players: make([]savedPlayer, 0, len(h.players))}
	for _, p := range h.players {
		saved.Players = append(saved.Players, savedPlayer{p.Standing, p.wrong})
	}
	slices.SortFunc(saved.Players, func(a, b savedPlayer) int { return cmp.Compare(a.ID, b.ID) })
	return saved
}

// hunt returns the hunt that was saved, or an error if its players and winners can't have come from events.
func (s savedHunt) hunt() (*Hunt, error) {
	h := newHunt(Event{Hunt: s.ID, Digest: s.Digest, Plan: &s.Plan})
	h.finished = s.Finished
	for _, p := range s.Players {
		if h.players[p.ID] != nil {
			return nil, fmt.Errorf("%w: player %q is twice in hunt %q", ErrSnapshot, p.ID, s.ID)
		}
		if p.Wrong == nil {
			p.Wrong = map[string]int{}
		}
		h.players[p.ID] = &player{Standing: p.Standing, wrong: p.Wrong}
	}
	for treasure, winner := range s.Winners {
		if h.players[winner] == nil {
			return nil, fmt.Errorf("%w: treasure %q of hunt %q was won by %q, who is not in it", ErrSnapshot, treasure, s.ID, winner)
		}
		h.winners[treasure] = winner
	}
	return h, nil
}

// saved returns the answers, the oldest first.
func (m *memory) saved() []savedAnswer {
	all := make([]savedAnswer, 0, len(m.ring))
	for i := range m.ring {
		key := m.ring[(m.next+i)%len(m.ring)]
		a := m.answers[key]
		all = append(all, savedAnswer{key.hunt, key.id, a.digest, a.outcome, a.reason, a.points, a.attempts})
	}
	return all
}
