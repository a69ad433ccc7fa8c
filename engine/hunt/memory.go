package hunt

// commandKey names a command within a state.
type commandKey struct{ hunt, id string }

// answer is what is remembered of an event. The rest of it follows from the command, which is the same if the digest is.
type answer struct {
	digest   string
	outcome  Outcome
	reason   Reason
	points   int
	attempts int
}

// again returns e, which is about the same command, with the answer that was given first.
func (a answer) again(e Event) Event {
	switch {
	case a.digest != e.Digest:
		return e.refuse(IDReused)
	case a.outcome == Refused:
		return e.refuse(a.reason)
	}
	e.Outcome, e.Reason, e.Points, e.Attempts = a.outcome, a.reason, a.points, a.attempts
	return e
}

// memory holds the answers to the last commands, Remembered of them.
type memory struct {
	answers map[commandKey]answer
	ring    []commandKey // the keys in answers; next is the oldest once the ring is full
	next    int
}

func newMemory() memory { return memory{answers: map[commandKey]answer{}} }

// of returns the answer to the command that e is about, if it is remembered.
func (m *memory) of(e Event) (answer, bool) {
	a, ok := m.answers[commandKey{e.Hunt, e.Command}]
	return a, ok
}

// keep remembers an event, which must not be remembered yet, and lets go of the oldest beyond Remembered.
func (m *memory) keep(e Event) {
	m.put(commandKey{e.Hunt, e.Command}, answer{digest: e.Digest, outcome: e.Outcome, reason: e.Reason, points: e.Points, attempts: e.Attempts})
}

func (m *memory) put(key commandKey, a answer) {
	m.answers[key] = a
	if len(m.ring) < Remembered {
		m.ring = append(m.ring, key)
		return
	}
	delete(m.answers, m.ring[m.next])
	m.ring[m.next] = key
	m.next = (m.next + 1) % len(m.ring)
}
