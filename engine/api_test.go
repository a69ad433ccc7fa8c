package engine_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

// Two players with the same key are not told the same: only one has the treasure.
func TestAKeyAnswersOnlyWhoAskedTheSame(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 2, 2)
	url := one.url + "/v1/hunts/" + id
	status, _ := post(t, c, url+"/claims", "k", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)

	status, answer := post(t, c, url+"/claims", "k", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Equal(t, "command_id_reused", answer["reason"])

	status, _ = post(t, c, url+"/players", "j", map[string]any{"player": "p9"})
	require.Equal(t, http.StatusCreated, status)
	status, answer = post(t, c, url+"/claims", "j", claim("p1", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status, "a join's answer is none to a claim")
	require.Equal(t, "command_id_reused", answer["reason"])

	// The same key in another hunt is another command.
	other := newHunt(t, c, one.url, 1, 1)
	status, _ = post(t, c, one.url+"/v1/hunts/"+other+"/claims", "k", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]int{"p0": 10, "p1": 0, "p9": 0}, points(t, c, one.url, id))
	require.InDelta(t, 2, value(t, one, "hunt_claims_total", "won"), 0)
	require.InDelta(t, 2, value(t, one, "hunt_claims_total", "refused"), 0)
}

// What can't be read, or isn't there, is a problem as RFC 9457 describes it, and asks Kafka nothing.
func TestBadRequestsAreProblems(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 1, 1)
	hunt, move := "/v1/hunts/"+id, `{"player":"p0","x":1,"y":2}`
	for name, r := range map[string]struct {
		method, path, key, body string
		status                  int
	}{
		"not JSON":                {"POST", hunt + "/moves", "", `{`, http.StatusBadRequest},
		"an unknown field":        {"POST", hunt + "/moves", "", `{"plyer":"p0"}`, http.StatusBadRequest},
		"something after it":      {"POST", hunt + "/moves", "", move + ` more`, http.StatusBadRequest},
		"no player":               {"POST", hunt + "/moves", "", `{"x":1}`, http.StatusBadRequest},
		"a key that isn't text":   {"POST", hunt + "/moves", "k\xff", move, http.StatusBadRequest},
		"a key of 129":            {"POST", hunt + "/moves", strings.Repeat("k", 129), move, http.StatusBadRequest},
		"a long answer":           {"POST", hunt + "/claims", "", `{"player":"p0","treasure":"t0","answer":"` + strings.Repeat("x", 1001) + `"}`, http.StatusBadRequest},
		"a large body":            {"POST", hunt + "/claims", "", `{"answer":"` + strings.Repeat("x", 20<<10) + `"}`, http.StatusRequestEntityTooLarge},
		"a treasure for nobody":   {"POST", "/v1/hunts", "", `{"name":"n","treasures":[{"id":"t","points":-1,"answer":"a"}]}`, http.StatusBadRequest},
		"an answer that is empty": {"POST", "/v1/hunts", "", `{"name":"n","treasures":[{"id":"t"}]}`, http.StatusBadRequest},
		"a window that is none":   {"POST", "/v1/hunts", "", `{"name":"n","treasures":[{"id":"t","answer":"a"}]}`, http.StatusUnprocessableEntity},
		"a hunt that isn't text":  {"POST", "/v1/hunts/%ff/moves", "", move, http.StatusNotFound},
		"a hunt that isn't":       {"GET", "/v1/hunts/none", "", "", http.StatusNotFound},
		"another path":            {"GET", "/v1/treasures", "", "", http.StatusNotFound},
		"another method":          {"DELETE", hunt, "", "", http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), r.method, one.url+r.path, strings.NewReader(r.body))
			require.NoError(t, err)
			if r.key != "" {
				req.Header.Set("Idempotency-Key", r.key)
			}
			resp, err := c.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, r.status, resp.StatusCode, "%s", body)
			require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
			require.Contains(t, string(body), `"title":"`+http.StatusText(r.status)+`"`)
			if r.status == http.StatusMethodNotAllowed {
				require.Equal(t, "GET, HEAD", resp.Header.Get("Allow"))
			}
		})
	}
	require.Zero(t, value(t, one, "hunt_waiting_requests"))
}

// Who sent no key learns the one that was chosen, and can ask again with it, quoted or not.
func TestTheAnswerTellsTheKey(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 1, 1)
	url := one.url + "/v1/hunts/" + id + "/claims"
	body := `{"player":"p0","treasure":"t0","answer":"rope"}`
	ask := func(key string) (string, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		require.NoError(t, err)
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		resp, err := c.Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.Header.Get("Idempotency-Key"), string(answer)
	}
	key, first := ask("")
	require.Contains(t, first, `"attempts_left":4`)
	again, second := ask(`"` + key + `"`)
	require.Equal(t, key, again)
	require.Equal(t, first, second, "it cost no second attempt")
}

// Every metric that a rule may ask for is there before anything happens, and well named.
func TestMetricsExistFromTheStart(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	problems, err := testutil.GatherAndLint(one.metrics)
	require.NoError(t, err)
	require.Empty(t, problems)
	for name, series := range map[string]int{
		"hunt_http_request_duration_seconds": 7 * 5, "hunt_claims_total": 7,
		"hunt_waiting_requests": 1, "hunt_referee_lag_records": 1, "hunt_view_lag_records": 1,
	} {
		n, err := testutil.GatherAndCount(one.metrics, name)
		require.NoError(t, err)
		require.Equal(t, series, n, name)
	}
}
