package sidecar

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// grafana is a server that takes annotations from who has the token.
func grafana(t *testing.T, refuse int) (url string, got chan map[string]any) {
	t.Helper()
	got = make(chan map[string]any, 100)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		switch {
		case r.URL.Path != "/api/annotations" || r.Header.Get("Authorization") != "Bearer s3cret":
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		case asked.Add(1) <= int64(refuse):
			http.Error(w, "out of order", http.StatusInternalServerError)
		}
		got <- body
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func newTestAnnotator(t *testing.T, url string) (*annotator, *metrics) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret\n"), 0o600))
	m := newMetrics(prometheus.NewRegistry(), "hunt")
	a, err := newAnnotator(GrafanaConfig{
		URL: url, Tags: []string{"prod"}, HTTP: promconfig.HTTPClientConfig{Authorization: &promconfig.Authorization{Type: "Bearer", CredentialsFile: token}},
	}, "hunt", zap.NewNop(), m)
	require.NoError(t, err)
	return a, m
}

func change() tuner.Decision {
	return tuner.Decision{
		Time: time.UnixMilli(1700000000123), Reason: tuner.Protected, Rule: "TooSlow",
		Steps: []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(1000), To: settings.Number(63)}},
	}
}

// Each change becomes an annotation, with the token of a file. What Grafana refuses is counted, and the next one is sent.
func TestChangesAreAnnotatedInGrafana(t *testing.T) {
	url, got := grafana(t, 1)
	a, m := newTestAnnotator(t, url+"/")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.run(ctx) }()
	a.tell(change())
	<-got
	a.tell(change())
	body := <-got
	require.InDelta(t, 1700000000123, body["time"], 0)
	require.Equal(t, []any{"veltrix", "hunt", "prod", "Protected"}, body["tags"])
	require.Equal(t, "Protected by TooSlow: producer.linger.ms 1000 → 63", body["text"])
	require.Eventually(t, func() bool {
		return testutil.ToFloat64(m.annotations.WithLabelValues("sent")) == 1 && testutil.ToFloat64(m.annotations.WithLabelValues("failed")) == 1
	}, 30*time.Second, time.Millisecond)
	cancel()
	<-ended
}

// A Grafana that doesn't answer holds nobody up: what it can't take is dropped and counted.
func TestAGrafanaThatHangsHoldsNobodyUp(t *testing.T) {
	a, m := newTestAnnotator(t, "http://127.0.0.1:1")
	for range annotationsWaiting + 5 {
		a.tell(change())
	}
	require.InDelta(t, 5, testutil.ToFloat64(m.annotations.WithLabelValues("dropped")), 0)
}

// Without a Grafana there is nothing to do.
func TestWithoutGrafanaNothingIsSent(t *testing.T) {
	a, err := newAnnotator(GrafanaConfig{}, "hunt", zap.NewNop(), nil)
	require.NoError(t, err)
	a.tell(change())
	a.run(t.Context())
}
