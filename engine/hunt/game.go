package hunt

import (
	"cmp"
	"slices"
	"time"
)

// Hunt is one game.
type Hunt struct {
	ID   string
	Plan Plan

	digest    string // of the command that created it
	treasures map[string]Treasure
	players   map[string]*player
	winners   map[string]string // player by treasure
	finished  bool
}

// player is somebody who joined.
type player struct {
	Standing
	wrong map[string]int // wrong answers by treasure
}

// Standing is a player as the leaderboard shows him.
type Standing struct {
	ID     string    `json:"player"`
	Name   string    `json:"name"`
	Points int       `json:"points"`
	Wins   int       `json:"wins"`
	X      float64   `json:"x"`
	Y      float64   `json:"y"`
	Last   time.Time `json:"last_win,omitzero"`
}

// newHunt returns the hunt that an event created.
func newHunt(e Event) *Hunt {
	h := &Hunt{
		ID: e.Hunt, Plan: *e.Plan, digest: e.Digest, treasures: make(map[string]Treasure, len(e.Plan.Treasures)),
		players: map[string]*player{}, winners: map[string]string{},
	}
	for _, t := range e.Plan.Treasures {
		h.treasures[t.ID] = t
	}
	return h
}

// Winner returns who has the treasure; false if nobody has.
func (h *Hunt) Winner(treasure string) (string, bool) {
	winner, ok := h.winners[treasure]
	return winner, ok
}

// Finished says whether the hunt was ended before its time.
func (h *Hunt) Finished() bool { return h.finished }

// Found returns the number of treasures that have a winner.
func (h *Hunt) Found() int { return len(h.winners) }

// Players returns the number of players.
func (h *Hunt) Players() int { return len(h.players) }

// Standings returns the players, in no order.
func (h *Hunt) Standings() []Standing {
	all := make([]Standing, 0, len(h.players))
	for _, p := range h.players {
		all = append(all, p.Standing)
	}
	return all
}

// Rank sorts standings, the best first: by points, then by who had them earlier, then by id.
func Rank(all []Standing) {
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), a.Last.Compare(b.Last), cmp.Compare(a.ID, b.ID))
	})
}

// closed says why nothing can be done at t; empty if the hunt is open.
func (h *Hunt) closed(t time.Time) Reason {
	switch {
	case h.finished || !t.Before(h.Plan.Ends):
		return Over
	case t.Before(h.Plan.Starts):
		return NotStarted
	}
	return ""
}
