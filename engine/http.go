package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// Limits of a request.
const (
	maxBody    = 768 << 10 // below what a broker takes as one record
	maxName    = 200
	maxKey     = 128
	retryAfter = "1" // seconds
)

// Handler returns the HTTP API. It answers with 504 to what needs Kafka while Run doesn't run.
func (e *Engine) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern, route string, f func(*http.Request) (int, any, error)) {
		mux.Handle(pattern, e.measured(route, f))
	}
	handle("POST /v1/hunts", "hunts", e.createHunt)
	handle("POST /v1/hunts/{id}/players", "players", e.join)
	handle("POST /v1/hunts/{id}/moves", "moves", e.move)
	handle("POST /v1/hunts/{id}/claims", "claims", e.claim)
	handle("POST /v1/hunts/{id}/finish", "finish", e.finish)
	handle("GET /v1/hunts/{id}", "hunt", e.getHunt)
	handle("GET /v1/hunts/{id}/leaderboard", "leaderboard", e.getLeaderboard)
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "The engine is healthy.") })
	mux.HandleFunc("GET /-/ready", e.serveReady)
	return http.MaxBytesHandler(mux, maxBody)
}

func (e *Engine) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !e.Ready() {
		http.Error(w, "The engine is not ready: it has not caught up with the events, or not joined the referees.", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "The engine is ready.")
}

// problem is an error that has an answer of its own, as RFC 9457 wants it.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	// Reason is the game's, for clients to act on.
	Reason hunt.Reason `json:"reason,omitempty"`
	// Outcome is the game's, where there is one.
	Outcome hunt.Outcome `json:"outcome,omitempty"`
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

func badRequest(format string, args ...any) error {
	return &problem{Status: http.StatusBadRequest, Title: "The request can't be read", Detail: fmt.Sprintf(format, args...)}
}

// measured answers with what f returns, and counts it.
func (e *Engine) measured(route string, f func(*http.Request) (int, any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		status, body, err := f(r)
		if err != nil {
			p := e.problemOf(err)
			status, body = p.Status, p
			w.Header().Set("Content-Type", "application/problem+json")
		} else {
			w.Header().Set("Content-Type", "application/json")
		}
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter)
		}
		outcome := outcomeOf(status)
		e.metrics.requests.WithLabelValues(route, outcome).Observe(time.Since(begin).Seconds())
		if route == "claims" {
			e.metrics.claims.WithLabelValues(claimOutcome(outcome, err)).Inc()
		}
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(body); err != nil {
			e.log.Debug("an answer could not be written; the client is gone", zap.Error(err))
		}
	})
}

func outcomeOf(status int) string {
	switch {
	case status < http.StatusBadRequest:
		return outcomeOK
	case status == http.StatusGatewayTimeout:
		return outcomeTimeout
	case status == http.StatusServiceUnavailable:
		return outcomeOverload
	case status < http.StatusInternalServerError:
		return outcomeRejected
	}
	return outcomeError
}

func claimOutcome(outcome string, err error) string {
	p, _ := errors.AsType[*problem](err)
	switch {
	case outcome == outcomeOK:
		return "won"
	case p != nil && (p.Outcome == hunt.Taken || p.Outcome == hunt.Wrong):
		return string(p.Outcome)
	case outcome == outcomeRejected:
		return "refused"
	}
	return outcome
}

// problemOf says what a client is told of an error.
func (e *Engine) problemOf(err error) *problem {
	p, ok := errors.AsType[*problem](err)
	switch {
	case ok:
		return p
	case errors.Is(err, errDeadline), errors.Is(err, context.DeadlineExceeded), errors.Is(err, live.ErrDeliveryTimeout):
		return &problem{Status: http.StatusGatewayTimeout, Title: "No answer in time", Detail: "It may still take effect; repeat it with the same Idempotency-Key to learn."}
	case errors.Is(err, errFull), errors.Is(err, live.ErrBufferFull), errors.Is(err, live.ErrClosed):
		return &problem{Status: http.StatusServiceUnavailable, Title: "Too much to do", Detail: "Try again a little later."}
	case errors.Is(err, context.Canceled):
		return &problem{Status: 499, Title: "The client went away"}
	}
	e.log.Error("a request failed", zap.Error(err))
	return &problem{Status: http.StatusInternalServerError, Title: "The engine failed", Detail: "It is in the log."}
}

// read decodes the body strictly into into.
func read(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badRequest("%s", err)
	}
	return nil
}

// commandID returns the client's Idempotency-Key, or a new id.
func commandID(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return "", badRequest("the Idempotency-Key has %d bytes, at most %d are taken", len(key), maxKey)
	}
	if key == "" {
		key = ulid.Make().String()
	}
	return key, nil
}
