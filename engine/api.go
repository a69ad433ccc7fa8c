package engine

import (
	"cmp"
	"net/http"
	"time"

	"github.com/veltrix/veltrix/engine/hunt"
)

// Limits of what is said in a request, in bytes.
const (
	maxName = 200
	maxText = 1000
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

// plan returns the hunt with hashes in place of the answers.
func (req huntRequest) plan(id string) (*hunt.Plan, error) {
	if err := named("name", req.Name, maxName); err != nil {
		return nil, err
	}
	p := &hunt.Plan{Name: req.Name, Starts: req.Starts, Ends: req.Ends, Treasures: make([]hunt.Treasure, 0, len(req.Treasures))}
	for i, t := range req.Treasures {
		switch {
		case t.ID == "" || len(t.ID) > maxName || len(t.Place) > maxText || len(t.Clue) > maxText:
			return nil, badRequest("treasure %d needs an id of at most %d bytes, and place and clue of at most %d", i+1, maxName, maxText)
		case t.Answer == "" || len(t.Answer) > maxText:
			return nil, badRequest("treasure %s needs an answer of at most %d bytes", t.ID, maxText)
		case t.Points < 0 || t.Points > hunt.MaxPoints:
			return nil, badRequest("treasure %s is worth %d points; it may be 0 to %d", t.ID, t.Points, hunt.MaxPoints)
		}
		p.Treasures = append(p.Treasures, hunt.Treasure{
			ID: t.ID, Place: t.Place, Clue: t.Clue, Points: t.Points, AnswerHash: hunt.HashAnswer(id, t.ID, t.Answer),
		})
	}
	return p, nil
}

// named refuses a field that is empty or too long.
func named(field, value string, limit int) error {
	if value == "" || len(value) > limit {
		return badRequest("%s has %d bytes; it must have 1 to %d", field, len(value), limit)
	}
	return nil
}

// createHunt makes a hunt whose id is the command's, so that a repeated request makes no second one.
func (e *Engine) createHunt(r request) (reply, error) {
	var body huntRequest
	if err := read(r, &body); err != nil {
		return reply{}, err
	}
	plan, err := body.plan(r.command)
	if err != nil {
		return reply{}, err
	}
	event, err := e.ask(r.Context(), hunt.Command{ID: r.command, Hunt: r.command, Kind: hunt.Create, Plan: plan})
	if err == nil {
		err = refusal(event)
	}
	return reply{http.StatusCreated, "/v1/hunts/" + r.command, map[string]string{"id": r.command}}, err
}

// command asks for something in the hunt that the path names, and turns a refusal into its problem.
func (e *Engine) command(r request, c hunt.Command) (hunt.Event, error) {
	c.ID, c.Hunt = r.command, r.PathValue("id")
	if !goodID(c.Hunt) {
		return hunt.Event{}, noHunt()
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
	// Name is for the leaderboard; the player's id if empty.
	Name string `json:"name"`
}

func (e *Engine) join(r request) (reply, error) {
	var body joinRequest
	if err := read(r, &body); err != nil {
		return reply{}, err
	}
	fill(&body.Name, body.Player)
	if err := cmp.Or(named("player", body.Player, maxName), named("name", body.Name, maxName)); err != nil {
		return reply{}, err
	}
	_, err := e.command(r, hunt.Command{Kind: hunt.Join, Player: body.Player, Name: body.Name})
	return reply{status: http.StatusCreated, body: body}, err
}

// moveRequest is the body of POST …/moves.
type moveRequest struct {
	Player string  `json:"player"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
}

func (e *Engine) move(r request) (reply, error) {
	var body moveRequest
	if err := read(r, &body); err != nil {
		return reply{}, err
	}
	if err := named("player", body.Player, maxName); err != nil {
		return reply{}, err
	}
	_, err := e.command(r, hunt.Command{Kind: hunt.Move, Player: body.Player, X: body.X, Y: body.Y})
	return reply{status: http.StatusOK, body: body}, err
}

// claimRequest is the body of POST …/claims.
type claimRequest struct {
	Player   string `json:"player"`
	Treasure string `json:"treasure"`
	Answer   string `json:"answer"`
}

// claimAnswer tells the winner.
type claimAnswer struct {
	Outcome  hunt.Outcome `json:"outcome"`
	Player   string       `json:"player"`
	Treasure string       `json:"treasure"`
	Points   int          `json:"points"`
}

func (e *Engine) claim(r request) (reply, error) {
	var body claimRequest
	if err := read(r, &body); err != nil {
		return reply{}, err
	}
	err := cmp.Or(named("player", body.Player, maxName), named("treasure", body.Treasure, maxName), named("answer", body.Answer, maxText))
	if err != nil {
		return reply{}, err
	}
	event, err := e.command(r, hunt.Command{
		Kind: hunt.Claim, Player: body.Player, Treasure: body.Treasure,
		Guess: hunt.HashAnswer(r.PathValue("id"), body.Treasure, body.Answer),
	})
	return reply{status: http.StatusOK, body: claimAnswer{event.Outcome, event.Player, event.Treasure, event.Points}}, err
}

func (e *Engine) finish(r request) (reply, error) {
	event, err := e.command(r, hunt.Command{Kind: hunt.Finish})
	return reply{status: http.StatusOK, body: map[string]hunt.Outcome{"outcome": event.Outcome}}, err
}
