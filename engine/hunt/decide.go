package hunt

import "time"

// Decide answers a command against the state of its hunt, nil if there is none. It changes nothing; a repeated command gets
// the event that answered it first.
func Decide(h *Hunt, c Command) Event {
	if former, ok := h.Answer(c.ID); ok {
		return former
	}
	e := Event{Command: c.ID, Hunt: c.Hunt, Kind: c.Kind, Time: c.Time, Player: c.Player, Treasure: c.Treasure}
	if c.Kind == Create {
		return decideCreate(h, c, e)
	}
	if h == nil {
		return e.refuse(NoHunt)
	}
	switch c.Kind {
	case Join:
		return h.decideJoin(c, e)
	case Move:
		return h.decideMove(c, e)
	case Claim:
		return h.decideClaim(c, e)
	case Finish:
		e.Outcome = Finished
		return e
	case Create:
	}
	return e.refuse(Unknown)
}

func (e Event) refuse(r Reason) Event {
	e.Outcome, e.Reason = Refused, r
	return e
}

func decideCreate(h *Hunt, c Command, e Event) Event {
	switch {
	case h != nil:
		return e.refuse(HuntExists)
	case c.Plan == nil || !c.Plan.good():
		return e.refuse(BadPlan)
	}
	e.Outcome, e.Plan = Created, c.Plan
	return e
}

// good says whether a plan can be played: a window that ends after it starts, and treasures with different names.
func (p *Plan) good() bool {
	if p.Name == "" || !p.Ends.After(p.Starts) || len(p.Treasures) == 0 {
		return false
	}
	seen := map[string]bool{}
	for _, t := range p.Treasures {
		if t.ID == "" || seen[t.ID] || t.Points < 0 || t.AnswerHash == "" {
			return false
		}
		seen[t.ID] = true
	}
	return true
}

func (h *Hunt) decideJoin(c Command, e Event) Event {
	switch {
	case c.Player == "":
		return e.refuse(NoPlayer)
	case h.closed(c.Time) == Over:
		return e.refuse(Over)
	}
	e.Outcome, e.Name = Joined, c.Name
	return e
}

func (h *Hunt) decideMove(c Command, e Event) Event {
	if why := h.closed(c.Time); why != "" {
		return e.refuse(why)
	}
	if h.players[c.Player] == nil {
		return e.refuse(NoPlayer)
	}
	e.Outcome, e.X, e.Y = Moved, c.X, c.Y
	return e
}

func (h *Hunt) decideClaim(c Command, e Event) Event {
	player, treasure := h.players[c.Player], h.treasures[c.Treasure]
	why := h.closed(c.Time)
	winner, taken := h.winners[c.Treasure]
	switch {
	case why != "":
		return e.refuse(why)
	case player == nil:
		return e.refuse(NoPlayer)
	case treasure.ID == "":
		return e.refuse(NoTreasure)
	case taken && winner == c.Player:
		// Most likely a repeat that is not remembered any more: the answer is what it was, and no points are added.
		e.Outcome, e.Points = Won, treasure.Points
		return e
	case taken:
		e.Outcome = Taken
		return e
	case player.wrong[c.Treasure] >= MaxAttempts:
		return e.refuse(NoAttempts)
	case HashAnswer(h.ID, c.Treasure, c.Answer) != treasure.AnswerHash:
		e.Outcome, e.Attempts = Wrong, MaxAttempts-player.wrong[c.Treasure]-1
		return e
	}
	e.Outcome, e.Points = Won, treasure.Points
	return e
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
