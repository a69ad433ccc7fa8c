package engine

import (
	"net/http"
	"time"

	"github.com/veltrix/veltrix/engine/hunt"
)

// huntRequest is the body of POST /v1/hunts.
type huntRequest struct {
	Name      string            `json:"name"`
	Starts    time.Time         `json:"starts"`
	Ends      time.Time         `json:"ends"`
	Treasures []treasureRequest `json:"treasures"`
}

type treasureRequest struct {
	ID     string `json:"id"`
	Place  string `json:"place"`
	Clue   string `json:"clue"`
	Points int    `json:"points"`
	Answer string `json:"answer"`
}

// createHunt makes a hunt whose id is the command's, so that a repeated request makes no second one.
func (e *Engine) createHunt(r *http.Request) (int, any, error) {
	var req huntRequest
	if err := read(r, &req); err != nil {
		return 0, nil, err
	}
	id, err := commandID(r)
	if err != nil {
		return 0, nil, err
	}
	plan := &hunt.Plan{Name: req.Name, Starts: req.Starts, Ends: req.Ends}
	for _, t := range req.Treasures {
		plan.Treasures = append(plan.Treasures, hunt.Treasure{
			ID: t.ID, Place: t.Place, Clue: t.Clue, Points: t.Points, AnswerHash: hunt.HashAnswer(id, t.ID, t.Answer),
		})
	}
	event, err := e.ask(r.Context(), hunt.Command{ID: id, Hunt: id, Kind: hunt.Create, Plan: plan})
	if err == nil {
		err = refusal(event)
	}
	return http.StatusCreated, map[string]string{"id": id}, err
}

// command reads what every command to a hunt has, asks, and turns a refusal into its problem.
func (e *Engine) command(r *http.Request, c hunt.Command) (hunt.Event, error) {
	id, err := commandID(r)
	if err != nil {
		return hunt.Event{}, err
	}
	c.ID, c.Hunt = id, r.PathValue("id")
	if len(c.Hunt) > maxKey || len(c.Player) > maxName || len(c.Name) > maxName || len(c.Treasure) > maxName {
		return hunt.Event{}, badRequest("a name is longer than %d bytes", maxName)
	}
	event, err := e.ask(r.Context(), c)
	if err != nil {
		return hunt.Event{}, err
	}
	return event, refusal(event)
}

// joinRequest is the body of POST …/players.
type joinRequest struct {
	Player string `json:"player"`
	Name   string `json:"name"`
}

func (e *Engine) join(r *http.Request) (int, any, error) {
	var req joinRequest
	if err := read(r, &req); err != nil {
		return 0, nil, err
	}
	_, err := e.command(r, hunt.Command{Kind: hunt.Join, Player: req.Player, Name: req.Name})
	return http.StatusCreated, map[string]string{"player": req.Player}, err
}

// moveRequest is the body of POST …/moves.
type moveRequest struct {
	Player string  `json:"player"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
}

func (e *Engine) move(r *http.Request) (int, any, error) {
	var req moveRequest
	if err := read(r, &req); err != nil {
		return 0, nil, err
	}
	event, err := e.command(r, hunt.Command{Kind: hunt.Move, Player: req.Player, X: req.X, Y: req.Y})
	return http.StatusOK, event, err
}

// claimRequest is the body of POST …/claims.
type claimRequest struct {
	Player   string `json:"player"`
	Treasure string `json:"treasure"`
	Answer   string `json:"answer"`
}

func (e *Engine) claim(r *http.Request) (int, any, error) {
	var req claimRequest
	if err := read(r, &req); err != nil {
		return 0, nil, err
	}
	event, err := e.command(r, hunt.Command{Kind: hunt.Claim, Player: req.Player, Treasure: req.Treasure, Answer: req.Answer})
	return http.StatusOK, event, err
}

func (e *Engine) finish(r *http.Request) (int, any, error) {
	event, err := e.command(r, hunt.Command{Kind: hunt.Finish})
	return http.StatusOK, event, err
}

// refusal returns the problem that an event is for whoever asked, nil if it is none.
func refusal(e hunt.Event) error {
	p := &problem{Reason: e.Reason, Outcome: e.Outcome}
	switch e.Outcome {
	case hunt.Created, hunt.Joined, hunt.Moved, hunt.Won, hunt.Finished:
		return nil
	case hunt.Taken:
		p.Status, p.Title = http.StatusConflict, "Somebody else has the treasure"
	case hunt.Wrong:
		p.Status, p.Title = http.StatusUnprocessableEntity, "That is not the answer"
	case hunt.Refused:
		p.Status, p.Title = refusedStatus(e.Reason), "The game refuses it"
	}
	return p
}

func refusedStatus(r hunt.Reason) int {
	switch r {
	case hunt.NoHunt, hunt.NoPlayer, hunt.NoTreasure:
		return http.StatusNotFound
	case hunt.HuntExists, hunt.NotStarted, hunt.Over:
		return http.StatusConflict
	case hunt.NoAttempts, hunt.BadPlan, hunt.Unknown:
	}
	return http.StatusUnprocessableEntity
}

// huntAnswer is a hunt as everybody may see it: without the answers' hashes.
type huntAnswer struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Starts    time.Time        `json:"starts"`
	Ends      time.Time        `json:"ends"`
	Finished  bool             `json:"finished"`
	Players   int              `json:"players"`
	Treasures []treasureAnswer `json:"treasures"`
}

type treasureAnswer struct {
	ID     string `json:"id"`
	Place  string `json:"place"`
	Clue   string `json:"clue"`
	Points int    `json:"points"`
	Winner string `json:"winner,omitempty"`
}

func noHunt() error {
	return &problem{Status: http.StatusNotFound, Title: "There is no such hunt", Reason: hunt.NoHunt}
}

func (e *Engine) getHunt(r *http.Request) (int, any, error) {
	var a huntAnswer
	found := e.view.read(r.PathValue("id"), func(h *hunt.Hunt) {
		a = huntAnswer{
			ID: h.ID, Name: h.Plan.Name, Starts: h.Plan.Starts, Ends: h.Plan.Ends,
			Finished: h.Finished(), Players: len(h.Leaderboard()),
		}
		for _, t := range h.Plan.Treasures {
			winner, _ := h.Winner(t.ID)
			a.Treasures = append(a.Treasures, treasureAnswer{ID: t.ID, Place: t.Place, Clue: t.Clue, Points: t.Points, Winner: winner})
		}
	})
	if !found {
		return 0, nil, noHunt()
	}
	return http.StatusOK, a, nil
}

func (e *Engine) getLeaderboard(r *http.Request) (int, any, error) {
	var players []hunt.Player
	if !e.view.read(r.PathValue("id"), func(h *hunt.Hunt) { players = h.Leaderboard() }) {
		return 0, nil, noHunt()
	}
	return http.StatusOK, map[string]any{"players": players}, nil
}
