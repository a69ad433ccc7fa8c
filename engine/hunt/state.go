package hunt

import (
	"cmp"
	"slices"
	"time"
)

const (
	// Remembered is the number of command ids that a hunt keeps, newest last. A command repeated later than that is
	// decided anew; a win stays a win, because the treasure knows its winner.
	Remembered = 10_000
	// MaxAttempts is the number of wrong answers that a player may give for one treasure, so that guessing doesn't pay.
	MaxAttempts = 5
)

// Hunt is the state of one hunt. It is not safe for concurrent use.
type Hunt struct {
	ID   string `json:"id"`
	Plan Plan   `json:"plan"`
	// Treasures are the plan's by id.
	treasures map[string]Treasure
	players   map[string]*Player
	winners   map[string]string // player by treasure
	finished  bool
	answers   map[string]Event // by command id
	order     []string         // the ids in answers, oldest first
}

// Player is somebody who joined.
type Player struct {
	ID     string    `json:"player"`
	Name   string    `json:"name"`
	Points int       `json:"points"`
	Wins   int       `json:"wins"`
	X      float64   `json:"x"`
	Y      float64   `json:"y"`
	Last   time.Time `json:"last_win,omitzero"`

	wrong map[string]int // wrong answers by treasure
}

// Winner returns who has the treasure; false if nobody has.
func (h *Hunt) Winner(treasure string) (string, bool) {
	player, ok := h.winners[treasure]
	return player, ok
}

// Answer returns the event that answered a command, if it is still remembered.
func (h *Hunt) Answer(command string) (Event, bool) {
	if h == nil {
		return Event{}, false
	}
	e, ok := h.answers[command]
	return e, ok
}

// Finished says whether the hunt was ended before its time.
func (h *Hunt) Finished() bool { return h.finished }

// Found returns the number of treasures that have a winner.
func (h *Hunt) Found() int { return len(h.winners) }

// Leaderboard returns copies of the players, the best first: by points, then by who had them earlier, then by id.
func (h *Hunt) Leaderboard() []Player {
	all := make([]Player, 0, len(h.players))
	for _, p := range h.players {
		one := *p
		one.wrong = nil
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Player) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), a.Last.Compare(b.Last), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// remember keeps the answer to a command, and lets go of the oldest beyond Remembered.
func (h *Hunt) remember(e Event) {
	e.Plan = nil // a plan is large, and stands in the hunt
	h.answers[e.Command] = e
	h.order = append(h.order, e.Command)
	if len(h.order) > Remembered {
		delete(h.answers, h.order[0])
		h.order = h.order[1:]
	}
}
