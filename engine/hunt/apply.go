package hunt

// Apply takes an event into the state and returns the hunt with the event as it took effect; call it with nil for a hunt
// that is not known yet. The state is changed in place.
//
// An event whose command is remembered changes nothing, and the former one is returned. A win of a treasure that somebody
// else has becomes "taken".
func Apply(h *Hunt, e Event) (*Hunt, Event) {
	if former, ok := h.Answer(e.Command); ok {
		return h, former
	}
	if h == nil {
		if e.Outcome != Created || e.Plan == nil {
			return nil, e
		}
		h = newHunt(e.Hunt, *e.Plan)
		h.remember(e)
		return h, e
	}
	e = h.effect(e)
	h.remember(e)
	return h, e
}

func newHunt(id string, p Plan) *Hunt {
	h := &Hunt{
		ID: id, Plan: p, treasures: make(map[string]Treasure, len(p.Treasures)),
		players: map[string]*Player{}, winners: map[string]string{}, answers: map[string]Event{},
	}
	for _, t := range p.Treasures {
		h.treasures[t.ID] = t
	}
	return h
}

// effect changes the state and returns what the event came to.
func (h *Hunt) effect(e Event) Event {
	switch e.Outcome {
	case Created:
		return e.refuse(HuntExists)
	case Joined:
		if h.players[e.Player] == nil {
			h.players[e.Player] = &Player{ID: e.Player, Name: e.Name, wrong: map[string]int{}}
		}
	case Moved:
		if p := h.players[e.Player]; p != nil {
			p.X, p.Y = e.X, e.Y
		}
	case Won:
		return h.win(e)
	case Wrong:
		if p := h.players[e.Player]; p != nil {
			p.wrong[e.Treasure]++
		}
	case Finished:
		h.finished = true
	case Taken, Refused:
	}
	return e
}

func (h *Hunt) win(e Event) Event {
	p := h.players[e.Player]
	if p == nil {
		return e.refuse(NoPlayer)
	}
	switch winner, taken := h.winners[e.Treasure]; {
	case taken && winner != e.Player:
		e.Outcome, e.Points = Taken, 0
		return e
	case taken:
		return e
	}
	h.winners[e.Treasure] = e.Player
	p.Points += e.Points
	p.Wins++
	p.Last = e.Time
	return e
}
