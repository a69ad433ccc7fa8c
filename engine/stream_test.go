package engine_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sse is one server-sent event.
type sse struct{ id, name, data string }

// follow opens a stream of a hunt's events, after an id if one is given.
func follow(t *testing.T, c *http.Client, url, after string) (next func() sse, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := c.Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	next = func() sse {
		t.Helper()
		var e sse
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case field == "id":
				e.id = value
			case field == "event":
				e.name = value
			case field == "data":
				e.data = value
			case lines.Text() == "" && e.name != "":
				return e
			}
		}
		return e
	}
	return next, func() {
		cancel()
		_ = resp.Body.Close()
	}
}

// A listener hears what happens in its hunt and in no other, comes back with the last id it has seen, and misses nothing.
func TestEventsAreStreamed(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id, other := newHunt(t, c, one.url, 3, 2), newHunt(t, c, one.url, 1, 1)
	url := one.url + "/v1/hunts/" + id
	next, stop := follow(t, c, url+"/events", "")
	post(t, c, one.url+"/v1/hunts/"+other+"/claims", "", claim("p0", "t0", "anchor"))
	post(t, c, url+"/claims", "", claim("p0", "t0", "rope"))
	post(t, c, url+"/claims", "", claim("p0", "t0", "anchor"))

	wrong := next()
	require.Equal(t, "wrong", wrong.name)
	won := next()
	require.Equal(t, "won", won.name)
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(won.data), &body))
	require.Equal(t, "p0", body["player"])
	require.Equal(t, "t0", body["treasure"])
	require.InDelta(t, 10, body["points"], 0)
	require.NotContains(t, body, "digest", "what was guessed is nobody's business")
	stop()

	post(t, c, url+"/claims", "", claim("p1", "t0", "anchor"))
	next, stop = follow(t, c, url+"/events", wrong.id)
	defer stop()
	require.Equal(t, won, next())
	require.Equal(t, "taken", next().name)
	post(t, c, url+"/claims", "", claim("p1", "t1", "anchor"))
	require.Equal(t, "won", next().name)
}

// What can't be followed is said as a problem.
func TestWhatCannotBeFollowed(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	status, answer := get(t, c, one.url+"/v1/hunts/none/events")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "no_such_hunt", answer["reason"])
	id := newHunt(t, c, one.url, 1, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, one.url+"/v1/hunts/"+id+"/events", nil)
	require.NoError(t, err)
	req.Header.Set("Last-Event-ID", "yesterday")
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
}

// A server that shuts down doesn't wait for those who only listen: their streams end, and they come back elsewhere.
func TestStreamsEndWithTheServer(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 1, 1)
	server := httptest.NewServer(one.engine.Handler())
	defer server.Close()
	next, stop := follow(t, c, server.URL+"/v1/hunts/"+id+"/events", "")
	defer stop()
	post(t, c, one.url+"/v1/hunts/"+id+"/claims", "", claim("p0", "t0", "rope"))
	require.Equal(t, "wrong", next().name)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, server.Config.Shutdown(ctx))
	require.Equal(t, sse{}, next(), "the stream has ended")
}
