package hunt

// Apply takes an event into the state and returns it as it took effect.
//
// An event whose command is remembered changes nothing and comes back with the answer that the command got first. A win
// of a treasure that somebody else has becomes "taken".
func (s *State) Apply(e Event) Event {
	if former, ok := s.memory.of(e); ok {
		return former.again(e)
	}
	e = s.effect(e)
	s.memory.keep(e)
	return e
}

// effect changes the state and returns what the event came to.
func (s *State) effect(e Event) Event {
	h := s.hunts[e.Hunt]
	switch {
	case e.Outcome == Taken || e.Outcome == Refused:
		return e
	case e.Outcome == Created:
		return s.create(h, e)
	case h == nil:
		return e.refuse(NoHunt)
	}
	return h.effect(e)
}

func (s *State) create(h *Hunt, e Event) Event {
	switch {
	case h == nil && e.Plan != nil:
		s.hunts[e.Hunt] = newHunt(e)
	case h == nil:
		return e.refuse(BadPlan)
	case h.digest != e.Digest:
		return e.refuse(HuntExists)
	}
	return e
}

func (h *Hunt) effect(e Event) Event {
	if e.Outcome == Finished {
		h.finished = true
		return e
	}
	p := h.players[e.Player]
	if p == nil && e.Outcome != Joined {
		return e.refuse(NoPlayer)
	}
	switch e.Outcome {
	case Joined:
		if p == nil {
			h.players[e.Player] = &player{Standing: Standing{ID: e.Player, Name: e.Name}, wrong: map[string]int{}}
		}
	case Moved:
		p.X, p.Y = e.X, e.Y
	case Won:
		return h.win(p, e)
	case Wrong:
		p.wrong[e.Treasure]++
	case Created, Finished, Taken, Refused:
	}
	return e
}

func (h *Hunt) win(p *player, e Event) Event {
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
