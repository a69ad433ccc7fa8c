package hunt

// Decide answers a command. It changes nothing: what happened is in the event, for Apply. A repeated command gets the
// answer that it got first.
func (s *State) Decide(c Command) Event {
	if former, ok := s.Answer(c); ok {
		return former
	}
	h, e := s.hunts[c.Hunt], eventOf(c)
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

func decideCreate(h *Hunt, c Command, e Event) Event {
	switch {
	case h != nil && h.digest == c.Digest:
		// A repeat that is not remembered any more.
		e.Outcome = Created
		return e
	case h != nil:
		return e.refuse(HuntExists)
	case c.Plan == nil || !c.Plan.good():
		return e.refuse(BadPlan)
	}
	e.Outcome = Created
	return e
}

func (h *Hunt) decideJoin(c Command, e Event) Event {
	switch {
	case c.Player == "":
		return e.refuse(NoPlayer)
	case h.closed(c.Time) == Over:
		return e.refuse(Over)
	}
	e.Outcome = Joined
	return e
}

func (h *Hunt) decideMove(c Command, e Event) Event {
	if why := h.closed(c.Time); why != "" {
		return e.refuse(why)
	}
	if h.players[c.Player] == nil {
		return e.refuse(NoPlayer)
	}
	e.Outcome = Moved
	return e
}

func (h *Hunt) decideClaim(c Command, e Event) Event {
	claimant := h.players[c.Player]
	treasure, exists := h.treasures[c.Treasure]
	why := h.closed(c.Time)
	winner, taken := h.winners[c.Treasure]
	switch {
	case why != "":
		return e.refuse(why)
	case claimant == nil:
		return e.refuse(NoPlayer)
	case !exists:
		return e.refuse(NoTreasure)
	case taken && winner == c.Player:
		// Most likely a repeat that is not remembered any more: the answer is what it was, and no points are added.
		e.Outcome, e.Points = Won, treasure.Points
		return e
	case taken:
		e.Outcome = Taken
		return e
	case claimant.wrong[c.Treasure] >= MaxAttempts:
		return e.refuse(NoAttempts)
	case c.Guess != treasure.AnswerHash:
		e.Outcome, e.Attempts = Wrong, MaxAttempts-claimant.wrong[c.Treasure]-1
		return e
	}
	e.Outcome, e.Points = Won, treasure.Points
	return e
}
