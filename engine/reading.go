package engine

import (
	"net/http"
	"time"

	"github.com/veltrix/veltrix/engine/hunt"
)

// huntAnswer is a hunt as everybody may see it: without the answers' hashes.
type huntAnswer struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Starts    time.Time        `json:"starts"`
	Ends      time.Time        `json:"ends"`
	Finished  bool             `json:"finished"`
	Players   int              `json:"players"`
	Found     int              `json:"found"`
	Treasures []treasureAnswer `json:"treasures"`
}

type treasureAnswer struct {
	ID     string `json:"id"`
	Place  string `json:"place"`
	Clue   string `json:"clue"`
	Points int    `json:"points"`
	Winner string `json:"winner,omitempty"`
}

func noHunt() error { return refusal(hunt.Event{Outcome: hunt.Refused, Reason: hunt.NoHunt}) }

func (e *Engine) getHunt(r request) (reply, error) {
	a, found := e.huntAnswer(r.PathValue("id"))
	if !found {
		return reply{}, noHunt()
	}
	return reply{status: http.StatusOK, body: a}, nil
}

// huntAnswer returns a hunt, or false if the view doesn't know it.
func (e *Engine) huntAnswer(id string) (a huntAnswer, found bool) {
	found = e.view.read(id, func(h *hunt.Hunt) {
		a = huntAnswer{
			ID: h.ID, Name: h.Plan.Name, Starts: h.Plan.Starts, Ends: h.Plan.Ends,
			Finished: h.Finished(), Players: h.Players(), Found: h.Found(),
		}
		for _, t := range h.Plan.Treasures {
			winner, _ := h.Winner(t.ID)
			a.Treasures = append(a.Treasures, treasureAnswer{ID: t.ID, Place: t.Place, Clue: t.Clue, Points: t.Points, Winner: winner})
		}
	})
	return a, found
}

// leaderboard is the players, the best first.
type leaderboard struct {
	Players []hunt.Standing `json:"players"`
}

func (e *Engine) getLeaderboard(r request) (reply, error) {
	var board leaderboard
	if !e.view.read(r.PathValue("id"), func(h *hunt.Hunt) { board.Players = h.Standings() }) {
		return reply{}, noHunt()
	}
	hunt.Rank(board.Players) // of a copy, so that nobody waits for it
	return reply{status: http.StatusOK, body: board}, nil
}
