package engine

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
)

// Limits of a request's body, in bytes.
const (
	maxPlanBody = 768 << 10
	maxBody     = 16 << 10
)

// retryAfter is how many seconds who is turned away should wait.
const retryAfter = "1"

// idempotencyKey is the header with the command's id, of requests and of their answers.
const idempotencyKey = "Idempotency-Key"

// route is one operation of the API.
type route struct {
	method, path string
	// name is the route's in the metrics.
	name  string
	limit int64 // of the body
	serve func(request) (reply, error)
}

func (e *Engine) routes() []route {
	return []route{
		{http.MethodPost, "/v1/hunts", "hunts", maxPlanBody, e.createHunt},
		{http.MethodPost, "/v1/hunts/{id}/players", "players", maxBody, e.join},
		{http.MethodPost, "/v1/hunts/{id}/moves", "moves", maxBody, e.move},
		{http.MethodPost, "/v1/hunts/{id}/claims", "claims", maxBody, e.claim},
		{http.MethodPost, "/v1/hunts/{id}/finish", "finish", maxBody, e.finish},
		{http.MethodGet, "/v1/hunts/{id}", "hunt", maxBody, e.getHunt},
		{http.MethodGet, "/v1/hunts/{id}/leaderboard", "leaderboard", maxBody, e.getLeaderboard},
	}
}

// Handler returns the HTTP API and the page. It answers with 504 to what needs Kafka while Run doesn't run.
func (e *Engine) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range e.routes() {
		mux.Handle(r.method+" "+r.path, e.measured(r))
		mux.Handle(r.path, e.otherMethod(strings.ReplaceAll(r.method, http.MethodGet, "GET, HEAD")))
	}
	mux.HandleFunc("GET /v1/hunts/{id}/events", e.streamEvents)
	mux.Handle("/v1/hunts/{id}/events", e.otherMethod("GET, HEAD"))
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, _ *http.Request) {
		e.write(w, http.StatusNotFound, problemOf(http.StatusNotFound, "The API has nothing at this path."))
	})
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "The engine is healthy.") })
	mux.HandleFunc("GET /-/ready", e.serveReady)
	mux.HandleFunc("GET /openapi.yaml", e.serveOpenAPI)
	e.pages(mux)
	return mux
}

//go:embed openapi.yaml
var openAPI []byte

func (e *Engine) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openAPI) // the client is gone if this fails
}

func (e *Engine) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !e.Ready() {
		http.Error(w, "The engine is not ready: it has not caught up with the events, or not joined the referees.", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "The engine is ready.")
}

// otherMethod answers to what a path doesn't take.
func (e *Engine) otherMethod(allowed string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed)
		e.write(w, http.StatusMethodNotAllowed, problemOf(http.StatusMethodNotAllowed, fmt.Sprintf("%s is not for this path; it takes %s.", r.Method, allowed)))
	})
}

// request is a request with the id of its command; a request that only reads has none.
type request struct {
	*http.Request
	command string
}

// reply is what a request is answered with if all goes well.
type reply struct {
	status   int
	location string
	body     any
}

// measured answers with what the route says, and counts it.
func (e *Engine) measured(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		begin := time.Now()
		req.Body = http.MaxBytesReader(w, req.Body, r.limit)
		answer, err := e.serve(w, r, req)
		if err != nil {
			p := e.problem(err)
			answer.status, answer.body = p.Status, p
		}
		outcome := outcomeOf(answer.status)
		e.metrics.requests.WithLabelValues(r.name, outcome).Observe(time.Since(begin).Seconds())
		if r.name == "claims" {
			e.metrics.claims.WithLabelValues(claimOutcome(outcome, answer.body)).Inc()
		}
		if answer.location != "" && err == nil {
			w.Header().Set("Location", answer.location)
		}
		e.write(w, answer.status, answer.body)
	})
}

// serve reads the command's id, tells it to the client, who may need it to ask again, and calls the route.
func (e *Engine) serve(w http.ResponseWriter, r route, req *http.Request) (reply, error) {
	if r.method == http.MethodGet {
		return r.serve(request{Request: req})
	}
	id, err := commandID(req)
	if err != nil {
		return reply{}, err
	}
	w.Header().Set(idempotencyKey, id)
	return r.serve(request{req, id})
}

// write sends a body as JSON.
func (e *Engine) write(w http.ResponseWriter, status int, body any) {
	kind := "application/json"
	if _, ok := body.(*problem); ok {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		e.log.Debug("an answer could not be written; the client is gone", zap.Error(err))
	}
}

func outcomeOf(status int) string {
	switch {
	case status < http.StatusBadRequest:
		return outcomeOK
	case status == http.StatusGatewayTimeout, status == statusClientGone:
		return outcomeTimeout
	case status == http.StatusServiceUnavailable:
		return outcomeOverload
	case status < http.StatusInternalServerError:
		return outcomeRejected
	}
	return outcomeError
}

func claimOutcome(outcome string, body any) string {
	p, failed := body.(*problem)
	switch {
	case !failed:
		return claimWon
	case p.Outcome == hunt.Taken:
		return claimTaken
	case p.Outcome == hunt.Wrong:
		return claimWrong
	case outcome == outcomeRejected:
		return claimRefused
	}
	return outcome
}

// read decodes the body, which must be one JSON value with no field that is not known.
func read(r request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, more := dec.Token(); errors.Is(more, io.EOF) {
			return nil
		}
		return badRequest("there is something after the JSON value")
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problemOf(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body may have at most %d bytes.", large.Limit))
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return problemOf(http.StatusRequestTimeout, "The body did not come in time.")
	}
	if r.Context().Err() != nil {
		return context.Cause(r.Context())
	}
	return badRequest("%s", err)
}

// commandID returns the client's Idempotency-Key, with or without the quotes of a structured header, or a new id.
func commandID(r *http.Request) (string, error) {
	keys := r.Header.Values(idempotencyKey)
	if len(keys) == 0 {
		return ulid.Make().String(), nil
	}
	key := keys[0]
	if len(key) > 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if len(keys) > 1 || !goodID(key) {
		return "", badRequest("the %s must be one of 1 to %d letters, digits and -._~:+=, beginning with a letter or digit", idempotencyKey, maxID)
	}
	return key, nil
}

// maxID is the most bytes that the id of a command or a hunt may have.
const maxID = 128

// goodID says whether id can be a command's or a hunt's: it can stand in a path as it is, and comes back from JSON as it was.
func goodID(id string) bool {
	if id == "" || len(id) > maxID || !alphanumeric(rune(id[0])) {
		return false
	}
	return !slices.ContainsFunc([]rune(id), func(c rune) bool { return !alphanumeric(c) && !strings.ContainsRune("-._~:+=", c) })
}

func alphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
