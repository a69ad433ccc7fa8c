package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/veltrix/veltrix/engine/hunt"
)

// keepAlive is how often a silent stream says that it is there; proxies end what is silent for a minute.
const keepAlive = 15 * time.Second

// eventAnswer is an event as everybody may see it: without plans, and without what players have guessed.
type eventAnswer struct {
	Command  string       `json:"command"`
	Kind     hunt.Kind    `json:"kind"`
	Time     time.Time    `json:"time"`
	Outcome  hunt.Outcome `json:"outcome"`
	Reason   hunt.Reason  `json:"reason,omitempty"`
	Player   string       `json:"player,omitempty"`
	Name     string       `json:"name,omitempty"`
	Treasure string       `json:"treasure,omitempty"`
	Points   int          `json:"points,omitempty"`
	X        float64      `json:"x,omitempty"`
	Y        float64      `json:"y,omitempty"`
}

// streamEvents is GET /v1/hunts/{id}/events: server-sent events of a hunt, from now on, or from after Last-Event-ID. An id is an
// offset. If events between are not kept any more, an event "reset" comes first: read the hunt and its leaderboard again, then
// go on. A command that was repeated is told again, with the same command.
func (e *Engine) streamEvents(w http.ResponseWriter, r *http.Request) {
	after, err := lastEventID(r)
	if err != nil {
		p := e.problem(err)
		e.write(w, p.Status, p)
		return
	}
	partition, found := e.view.partitionOf(r.PathValue("id"))
	if !found {
		p := e.problem(noHunt())
		e.write(w, p.Status, p)
		return
	}
	e.endWithServer(r)
	l, missed, complete := e.feed.listen(partition, r.PathValue("id"), after)
	if l == nil {
		e.write(w, http.StatusServiceUnavailable, problemOf(http.StatusServiceUnavailable, "Too many listen at this instance already, or it is ending."))
		return
	}
	defer e.feed.leave(l)
	s := stream{w: w, control: http.NewResponseController(w)}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's limit is for requests; where there is none, there is no limit
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	s.run(r, l, missed, complete)
}

// lastEventID is the offset after which a client wants to go on; -1 for from now on.
func lastEventID(r *http.Request) (int64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("Last-Event-ID is %q; send the id of an event, or leave it out", text)
	}
	return n, nil
}

// endWithServer ends all streams when the server that serves r begins to shut down, which would wait for them.
func (e *Engine) endWithServer(r *http.Request) {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		e.ending.Do(func() { server.RegisterOnShutdown(e.feed.end) })
	}
}

// stream writes server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    int64
}

// run writes until the client is gone, or the listener is dropped.
func (s *stream) run(r *http.Request, l *listener, missed []told, complete bool) {
	s.last = -1
	first := ": welcome\n\n"
	if !complete {
		first = "event: reset\ndata: {}\n\n"
	}
	ok := s.write(first)
	for _, t := range missed {
		ok = ok && s.tell(t)
	}
	ticks := time.NewTicker(keepAlive)
	defer ticks.Stop()
	for ok {
		select {
		case <-r.Context().Done():
			return
		case t, open := <-l.events:
			if !open {
				s.write(": too far behind, or the instance ends; come back with the last id\n\n")
				return
			}
			ok = s.tell(t)
		case <-ticks.C:
			ok = s.write(": still here\n\n")
		}
	}
}

// tell writes an event once: what was kept may come again from the channel.
func (s *stream) tell(t told) bool {
	if t.offset <= s.last {
		return true
	}
	s.last = t.offset
	e := t.event
	data, err := json.Marshal(eventAnswer{
		Command: e.Command, Kind: e.Kind, Time: e.Time, Outcome: e.Outcome, Reason: e.Reason, Player: e.Player, Name: e.Name,
		Treasure: e.Treasure, Points: e.Points, X: e.X, Y: e.Y,
	})
	if err != nil {
		return false // it came out of JSON, so it goes into it
	}
	return s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", t.offset, e.Outcome, data))
}

// write sends text at once; false if the client is gone.
func (s *stream) write(text string) bool {
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}
