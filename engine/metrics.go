package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The outcomes of a request in the metrics.
const (
	outcomeOK       = "ok"
	outcomeRejected = "rejected" // an answer of the game that is no success, or a bad request
	outcomeTimeout  = "timeout"
	outcomeOverload = "overload"
	outcomeError    = "error"
)

func routes() []string {
	return []string{"hunts", "players", "moves", "claims", "finish", "hunt", "leaderboard"}
}

func outcomes() []string {
	return []string{outcomeOK, outcomeRejected, outcomeTimeout, outcomeOverload, outcomeError}
}

func claimOutcomes() []string {
	return []string{"won", "taken", "wrong", "refused", outcomeTimeout, outcomeOverload, outcomeError}
}

// metrics are the engine's own; the live client has its own beside them.
type metrics struct {
	requests *prometheus.HistogramVec
	claims   *prometheus.CounterVec
	waiting  prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		requests: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hunt_http_request_duration_seconds", Help: "Time of a request by route and outcome.",
			Buckets:                     []float64{.001, .0025, .005, .01, .025, .05, .075, .1, .15, .25, .5, 1, 2.5, 5},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"route", "outcome"}),
		claims:  f.NewCounterVec(prometheus.CounterOpts{Name: "hunt_claims_total", Help: "Claims by outcome."}, []string{"outcome"}),
		waiting: f.NewGauge(prometheus.GaugeOpts{Name: "hunt_waiting_requests", Help: "Requests that wait for their answer."}),
	}
	for _, route := range routes() {
		for _, outcome := range outcomes() {
			m.requests.WithLabelValues(route, outcome)
		}
	}
	for _, outcome := range claimOutcomes() {
		m.claims.WithLabelValues(outcome)
	}
	return m
}
