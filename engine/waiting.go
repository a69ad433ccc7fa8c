package engine

import (
	"errors"
	"slices"
	"sync"

	"github.com/veltrix/veltrix/engine/hunt"
)

// errFull says that no more requests may wait.
var errFull = errors.New("too many requests wait for their answers")

// question names what a request waits for. Only who asked for the same gets the same answer.
type question struct{ hunt, command, digest string }

// waitingRoom holds the requests that wait for an event. It is safe for concurrent use.
type waitingRoom struct {
	limit int

	mu      sync.Mutex // guards the fields below
	waiting map[question][]chan hunt.Event
	count   int
}

func newWaitingRoom(limit int) *waitingRoom {
	return &waitingRoom{limit: limit, waiting: map[question][]chan hunt.Event{}}
}

// enter registers a request for the answer to a command; several may wait for the same. The channel gets at most one event.
// The returned function lets go of the request. It fails with errFull.
func (w *waitingRoom) enter(c hunt.Command) (<-chan hunt.Event, func(), error) {
	q, seat := question{c.Hunt, c.ID, c.Digest}, make(chan hunt.Event, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count >= w.limit {
		return nil, nil, errFull
	}
	w.waiting[q] = append(w.waiting[q], seat)
	w.count++
	return seat, func() { w.leave(q, seat) }, nil
}

// answer gives an event to all who wait for it, and lets go of them.
func (w *waitingRoom) answer(e hunt.Event) {
	q := question{e.Hunt, e.Command, e.Digest}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, seat := range w.waiting[q] {
		seat <- e // it has room for one, and gets one
	}
	w.count -= len(w.waiting[q])
	delete(w.waiting, q)
}

// leave takes a request out, if it still waits.
func (w *waitingRoom) leave(q question, seat chan hunt.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.waiting[q], seat)
	if at < 0 {
		return
	}
	w.count--
	if len(w.waiting[q]) == 1 {
		delete(w.waiting, q)
		return
	}
	w.waiting[q] = slices.Delete(w.waiting[q], at, at+1)
}

// size returns the number of requests that wait.
func (w *waitingRoom) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}
