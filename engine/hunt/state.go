package hunt

import (
	"iter"
	"maps"
)

const (
	// Remembered is the number of command ids that a state keeps. What can come again after a crash, because its offset
	// was not committed, must be far less; see the package's page for what is forgotten.
	Remembered = 50_000
	// MaxAttempts is the number of wrong answers that a player may give for one treasure, so that guessing doesn't pay.
	MaxAttempts = 5
	// MaxPoints is the most that one treasure may be worth, so that sums stay far from what a number can hold.
	MaxPoints = 1_000_000
)

// State is the hunts of one partition, and the answers to the last commands to them. It is not safe for concurrent use.
type State struct {
	hunts  map[string]*Hunt
	memory memory
}

// NewState returns the state before the first event.
func NewState() *State { return &State{hunts: map[string]*Hunt{}, memory: newMemory()} }

// Hunt returns a hunt to read, which the next Apply may change.
func (s *State) Hunt(id string) (*Hunt, bool) {
	h, ok := s.hunts[id]
	return h, ok
}

// All yields the hunts in no order, to read before the next Apply.
func (s *State) All() iter.Seq[*Hunt] { return maps.Values(s.hunts) }

// Answer returns the event that answered a command, if it is still remembered; or, if its id was used to ask for something
// else, the event that refuses it.
func (s *State) Answer(c Command) (Event, bool) {
	e := eventOf(c)
	former, ok := s.memory.of(e)
	if !ok {
		return Event{}, false
	}
	return former.again(e), true
}
