package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	promapi "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// post sends a request to a service and returns status and body; 0 if there was no answer.
func (s *stack) post(url, body string) (int, string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

func (s *stack) url(service, port, path string) string {
	return "http://" + s.address(service, port) + path
}

// treasures of a hunt. Claiming one again is an answer of the game, and as much work for Kafka.
const treasures = 1000

// play hides treasures and has a player claim them, some thirty a second over both engines, until the test ends.
func (s *stack) play() {
	s.t.Helper()
	base := s.url("hunt-1", "8080", "/v1/hunts")
	plan := map[string]any{"name": "n", "starts": time.Now().Add(-time.Minute), "ends": time.Now().Add(time.Hour)}
	var all []map[string]any
	for i := range treasures {
		all = append(all, map[string]any{"id": fmt.Sprintf("t%d", i), "answer": "x", "points": 1})
	}
	plan["treasures"] = all
	var body bytes.Buffer
	require.NoError(s.t, json.NewEncoder(&body).Encode(plan))
	status, made := s.post(base, body.String())
	require.Equal(s.t, http.StatusCreated, status, made)
	var hunt struct{ ID string }
	require.NoError(s.t, json.Unmarshal([]byte(made), &hunt))
	status, made = s.post(base+"/"+hunt.ID+"/players", `{"player":"ann"}`)
	require.Equal(s.t, http.StatusCreated, status, made)

	ctx, stop := context.WithCancel(context.Background())
	var claims sync.WaitGroup
	s.t.Cleanup(func() { stop(); claims.Wait() })
	claims.Go(func() {
		every := time.NewTicker(30 * time.Millisecond)
		defer every.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			engine := fmt.Sprintf("hunt-%d", 1+i%2)
			claims.Go(func() {
				s.post(s.url(engine, "8080", "/v1/hunts/"+hunt.ID+"/claims"), fmt.Sprintf(`{"player":"ann","treasure":"t%d","answer":"x"}`, i%treasures))
			})
		}
	})
}

// prometheus is the stack's own.
func (s *stack) prometheus() promv1.API {
	client, err := promapi.NewClient(promapi.Config{Address: s.url("prometheus", "9090", "")})
	require.NoError(s.t, err)
	return promv1.NewAPI(client)
}

// number asks for a single value; false if there is none.
func (s *stack) number(expr string) (float64, bool) {
	v, _, _, err := s.prometheus().Query(s.t.Context(), expr, time.Now())
	require.NoError(s.t, err, expr)
	vector, ok := v.(model.Vector)
	require.True(s.t, ok, expr)
	if len(vector) == 0 {
		return 0, false
	}
	require.Len(s.t, vector, 1, expr)
	return float64(vector[0].Value), true
}

// course asks for the last minutes in steps of a scrape.
func (s *stack) course(t *testing.T, expr string, back time.Duration) model.Matrix {
	t.Helper()
	now := time.Now()
	v, warnings, _, err := s.prometheus().QueryRange(t.Context(), expr, promv1.Range{Start: now.Add(-back), End: now, Step: 5 * time.Second})
	require.NoError(t, err, expr)
	require.Empty(t, warnings, expr)
	return v.(model.Matrix)
}

// eventually waits for what must happen.
func (s *stack) eventually(what string, f func() bool) {
	s.t.Helper()
	require.Eventually(s.t, f, patience, 500*time.Millisecond, what)
}
