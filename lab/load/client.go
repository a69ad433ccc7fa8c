package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/veltrix/veltrix/lab"
)

// maxIdle is the number of connections that are kept for the next requests.
const maxIdle = 4000

// client asks engines over HTTP.
type client struct{ http *http.Client }

func newClient(timeout time.Duration) *client {
	return &client{&http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdle}}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// ask sends a request and reads its answer to the end; into may be nil.
func (c *client) ask(ctx context.Context, method, url, key string, body, into any) (int, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || into == nil || resp.StatusCode >= http.StatusMultipleChoices {
		return resp.StatusCode, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return resp.StatusCode, fmt.Errorf("read the answer of %s: %w", url, err)
	}
	return resp.StatusCode, nil
}

// answersOf returns the statuses that are answers of the game to a kind of request. A lost race (409) and a wrong guess (422)
// are.
func answersOf(k Kind) []int {
	switch k {
	case Claim:
		return []int{http.StatusOK, http.StatusConflict, http.StatusUnprocessableEntity}
	case Join, Create:
		return []int{http.StatusCreated}
	case Move, Leaderboard:
	}
	return []int{http.StatusOK}
}

// outcomeOf sorts what became of a request. An outcome that is an error has a text that names its class.
func outcomeOf(k Kind, status int, err error) (lab.Outcome, string) {
	timeout, isTimeout := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	switch {
	case isTimeout && timeout.Timeout(), status == http.StatusGatewayTimeout:
		return lab.OutcomeTimeout, ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return lab.OutcomeError, "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return lab.OutcomeError, "connection broken"
	case err != nil && status == 0:
		return lab.OutcomeError, "no answer"
	case err != nil:
		return lab.OutcomeError, "answer unreadable"
	case status == http.StatusServiceUnavailable:
		return lab.OutcomeOverload, ""
	case slices.Contains(answersOf(k), status):
		return lab.OutcomeOK, ""
	}
	return lab.OutcomeError, fmt.Sprintf("%s: status %d", k, status)
}
