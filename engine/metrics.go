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
	outcomeTimeout  = "timeout"  // no answer by the deadline, or before the client had enough
	outcomeOverload = "overload"
	outcomeError    = "error"
)

func outcomes() []string {
	return []string{outcomeOK, outcomeRejected, outcomeTimeout, outcomeOverload, outcomeError}
}

// The outcomes of a claim beside those of a request.
const (
	claimWon     = "won"
	claimTaken   = "taken"
	claimWrong   = "wrong"
	claimRefused = "refused"
)

func claimOutcomes() []string {
	return []string{claimWon, claimTaken, claimWrong, claimRefused, outcomeTimeout, outcomeOverload, outcomeError}
}

// metrics are the engine's own; the live client has its own beside them.
type metrics struct {
	requests *prometheus.HistogramVec
	claims   *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, e *Engine) *metrics {
	f := promauto.With(r)
	m := &metrics{
		requests: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hunt_http_request_duration_seconds", Help: "Time of a request by route and outcome.",
			Buckets:                     []float64{.001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"route", "outcome"}),
		claims: f.NewCounterVec(prometheus.CounterOpts{Name: "hunt_claims_total", Help: "Claims by outcome."}, []string{"outcome"}),
	}
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hunt_waiting_requests", Help: "Requests that wait for their answer.",
	}, func() float64 { return float64(e.room.size()) })
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hunt_referee_lag_records", Help: "Commands in the log that this instance's referee has still to decide; 0 while it rebuilds its state.",
	}, e.referee.lag)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hunt_view_lag_records", Help: "Events in the log that this instance's view has still to take in.",
	}, e.view.lag)
	for _, route := range e.routes() {
		for _, outcome := range outcomes() {
			m.requests.WithLabelValues(route.name, outcome)
		}
	}
	for _, outcome := range claimOutcomes() {
		m.claims.WithLabelValues(outcome)
	}
	return m
}
