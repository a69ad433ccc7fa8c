package sidecar_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/sidecar"
)

// serve answers one request.
func serve(t *testing.T, s *sidecar.Sidecar, method, path, body string) (int, string) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, req)
	text, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Code, string(text)
}

// What the loop knows is told over HTTP: to people, to machines, to Grafana and to Prometheus.
func TestTheAPITellsWhatTheLoopKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		registry := prometheus.NewRegistry()
		s := b.sidecar("one", func(o *sidecar.Options) { o.Registerer, o.Gatherer = registry, registry })
		defer b.start(s)()
		time.Sleep(11 * time.Second)
		for path, want := range map[string]string{
			"/-/healthy":                `Veltrix is healthy.`,
			"/-/ready":                  `Veltrix is ready.`,
			"/api/v1/status":            `"leading":true`,
			"/api/v1/rules":             `"name":"TooSlow","query":"latency > 0.15"`,
			"/api/v1/settings":          `"name":"producer.linger.ms","default":5,"tuned":63,"in_use":1000`,
			"/api/v1/decisions?limit=1": `"reason":"Protected"`,
			"/metrics":                  `veltrix_decisions_total{app="hunt",reason="Protected"} 1`,
			"/":                         `<strong>63</strong>`,
		} {
			code, text := serve(t, s, http.MethodGet, path, "")
			require.Equal(t, http.StatusOK, code, path)
			require.Contains(t, text, want, path)
		}
		code, text := serve(t, s, http.MethodGet, "/api/v1/decisions?limit=x", "")
		require.Equal(t, http.StatusBadRequest, code)
		require.Contains(t, text, "bad_data")
		problems, err := testutil.GatherAndLint(registry)
		require.NoError(t, err)
		require.Empty(t, problems)
	})
}

// Changing calls are off unless they are switched on.
func TestChangingCallsAreOffByDefault(t *testing.T) {
	b := newBench(t, "enforce")
	s := b.sidecar("one", nil)
	for path, method := range map[string]string{"/-/reload": http.MethodPost, "/api/v1/hold": http.MethodPut} {
		code, _ := serve(t, s, method, path, "{}")
		require.Equal(t, http.StatusForbidden, code, path)
	}
	code, _ := serve(t, s, http.MethodGet, "/-/reload", "")
	require.Equal(t, http.StatusMethodNotAllowed, code)
}

func TestAHoldIsPlacedAndReleasedOverHTTP(t *testing.T) {
	b := newBench(t, "enforce")
	s := b.sidecar("one", func(o *sidecar.Options) { o.AdminAPI, o.Lifecycle = true, true })
	code, text := serve(t, s, http.MethodPut, "/api/v1/hold", `{"who": "ann"}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, text, "who and why")
	code, text = serve(t, s, http.MethodPut, "/api/v1/hold", `{"who": "ann", "why": "a release"}`)
	require.Equal(t, http.StatusOK, code, text)
	snapshot, err := b.store.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "a release", snapshot.Hold.Why)
	code, text = serve(t, s, http.MethodDelete, "/api/v1/hold?who=ann", "")
	require.Equal(t, http.StatusOK, code, text)
	code, text = serve(t, s, http.MethodPost, "/-/reload", "")
	require.Equal(t, http.StatusOK, code, text)
}

// Prometheus's HTTP API as the loop reads it: a value, nothing, a warning, an error, something that is no vector.
func TestPrometheussAnswersAreTakenAsTheyAre(t *testing.T) {
	answers := map[string]string{
		"value":   `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"42"]}]}}`,
		"nothing": `{"status":"success","data":{"resultType":"vector","result":[]}}`,
		"scalar":  `{"status":"success","data":{"resultType":"scalar","result":[1,"7"]}}`,
		"warning": `{"status":"success","warnings":["half of the data is missing"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1,"42"]}]}}`,
		"matrix":  `{"status":"success","data":{"resultType":"matrix","result":[]}}`,
		"error":   `{"status":"error","errorType":"bad_data","error":"no"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, answers[r.FormValue("query")])
	}))
	defer server.Close()
	querier, err := sidecar.NewPrometheus(sidecar.PrometheusConfig{URL: server.URL, HTTP: promconfig.DefaultHTTPClientConfig})
	require.NoError(t, err)
	ask := func(q string) (float64, int, error) {
		r := querier.Query(t.Context(), q, time.Unix(1, 0))
		if len(r.Samples) == 0 {
			return 0, 0, r.Err
		}
		return r.Samples[0].Value, len(r.Samples), r.Err
	}
	v, n, err := ask("value")
	require.NoError(t, err)
	require.InDelta(t, 42, v, 0)
	require.Equal(t, 1, n)
	_, n, err = ask("nothing")
	require.NoError(t, err)
	require.Zero(t, n)
	v, _, err = ask("scalar")
	require.NoError(t, err)
	require.InDelta(t, 7, v, 0)
	_, _, err = ask("warning")
	require.ErrorContains(t, err, "half of the data is missing")
	_, _, err = ask("matrix")
	require.ErrorContains(t, err, "an expression that gives a vector")
	_, _, err = ask("error")
	require.ErrorContains(t, err, "ask Prometheus")
}
