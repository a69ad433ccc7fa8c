package promserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/internal/promserver"
)

func TestTheEmbeddedServerAnswersWithWhatItScraped(t *testing.T) {
	s, err := promserver.StartEmbedded(options(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	require.InDelta(t, 42, query(t, s.URL, `treasures{job="hunt"}`), 0)
}

func TestTheRealServerAnswersWithWhatItScraped(t *testing.T) {
	kafkatest.Need(t, promserver.Available())
	s, err := promserver.StartProcess(t.Context(), options(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	require.InDelta(t, 42, query(t, s.URL, `treasures{job="hunt"}`), 0)
}

// options returns those of a server that scrapes a target with one gauge, treasures = 42.
func options(t *testing.T) promserver.Options {
	t.Helper()
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "treasures", Help: "Treasures hidden."})
	gauge.Set(42)
	registry.MustRegister(gauge)
	target := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(target.Close)
	return promserver.Options{
		Dir: t.TempDir(), Interval: 200 * time.Millisecond,
		Jobs: map[string][]string{"hunt": {strings.TrimPrefix(target.URL, "http://")}},
	}
}

// query asks until there is exactly one series, and returns its value.
func query(t *testing.T, url, expr string) float64 {
	t.Helper()
	client, err := api.NewClient(api.Config{Address: url, Client: http.DefaultClient})
	require.NoError(t, err)
	var found model.Vector
	require.Eventually(t, func() bool {
		v, _, _, err := promv1.NewAPI(client).Query(context.Background(), expr, time.Now())
		if err != nil {
			return false
		}
		found, _ = v.(model.Vector)
		return len(found) == 1
	}, time.Minute, 50*time.Millisecond)
	return float64(found[0].Value)
}
