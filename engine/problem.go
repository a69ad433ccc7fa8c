package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// statusClientGone is for a client that didn't wait; nobody reads it, but it is counted.
const statusClientGone = 499

// problem is an error that has an answer of its own, as RFC 9457 wants it. Its type is about:blank, so the title is the
// status's name; what clients may act on is in reason and outcome.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Outcome and Reason are the game's, where it was asked.
	Outcome hunt.Outcome `json:"outcome,omitempty"`
	Reason  hunt.Reason  `json:"reason,omitempty"`
	// Attempts are those left after a wrong answer.
	Attempts *int `json:"attempts_left,omitempty"`
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

func problemOf(status int, detail string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

func badRequest(format string, args ...any) error {
	return problemOf(http.StatusBadRequest, "The request can't be read: "+fmt.Sprintf(format, args...)+".")
}

// problem says what a client is told of an error.
func (e *Engine) problem(err error) *problem {
	p, ok := errors.AsType[*problem](err)
	switch {
	case ok:
		return p
	case errors.Is(err, errDeadline), errors.Is(err, live.ErrDeliveryTimeout), errors.Is(err, context.DeadlineExceeded):
		return problemOf(http.StatusGatewayTimeout, "There was no answer in time. It may still take effect; ask again with the same Idempotency-Key to learn.")
	case errors.Is(err, errFull), errors.Is(err, live.ErrBufferFull):
		return problemOf(http.StatusServiceUnavailable, "There is too much to do at present. Nothing was done; try again a little later.")
	case errors.Is(err, live.ErrClosed):
		return problemOf(http.StatusServiceUnavailable, "This instance is stopping. Ask another one.")
	case errors.Is(err, errTooLarge), errors.Is(err, live.ErrRecordTooLarge):
		return problemOf(http.StatusRequestEntityTooLarge, "It is too large to be written. Hide fewer treasures, or say less about them.")
	case errors.Is(err, context.Canceled):
		return &problem{Title: "Client Closed Request", Status: statusClientGone}
	}
	e.log.Error("a request failed", zap.Error(err))
	return problemOf(http.StatusInternalServerError, "The engine failed. What happened is in its log.")
}

// refusal returns the problem that an event is for who asked, nil if it is none.
func refusal(e hunt.Event) error {
	status, detail := http.StatusUnprocessableEntity, ""
	switch e.Outcome {
	case hunt.Created, hunt.Joined, hunt.Moved, hunt.Won, hunt.Finished:
		return nil
	case hunt.Taken:
		status, detail = http.StatusConflict, "Somebody else has the treasure."
	case hunt.Wrong:
		detail = "That is not the answer."
	case hunt.Refused:
		status, detail = refused(e.Reason)
	}
	p := problemOf(status, detail)
	p.Outcome, p.Reason = e.Outcome, e.Reason
	if e.Outcome == hunt.Wrong {
		p.Attempts = &e.Attempts
	}
	return p
}

// refused returns the status of a refusal, and what it means.
func refused(r hunt.Reason) (int, string) {
	switch r {
	case hunt.NoHunt:
		return http.StatusNotFound, "There is no such hunt."
	case hunt.NoPlayer:
		return http.StatusNotFound, "There is no such player in the hunt; join first."
	case hunt.NoTreasure:
		return http.StatusNotFound, "There is no such treasure in the hunt."
	case hunt.HuntExists:
		return http.StatusConflict, "There is another hunt with this id; use another Idempotency-Key."
	case hunt.NotStarted:
		return http.StatusConflict, "The hunt has not started."
	case hunt.Over:
		return http.StatusConflict, "The hunt is over."
	case hunt.NoAttempts:
		return http.StatusUnprocessableEntity, "There are no attempts left for this treasure."
	case hunt.IDReused:
		return http.StatusUnprocessableEntity, "The Idempotency-Key was used in this hunt to ask for something else."
	case hunt.BadPlan:
		return http.StatusUnprocessableEntity, "The hunt can't be played: it needs a name, an end after its start, and treasures with different ids."
	case hunt.Unknown:
	}
	return http.StatusUnprocessableEntity, "The game doesn't know what is asked."
}
