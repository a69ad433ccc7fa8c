package deploy_test

import (
	"testing"
	"time"

	promapi "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

func (s *stack) url(service, port, path string) string {
	return "http://" + s.address(service, port) + path
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
