package sidecar

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"github.com/veltrix/veltrix/rules"
)

// Querier asks a PromQL expression at a time. The answer's Err says that there is none.
type Querier interface {
	Query(ctx context.Context, expr string, at time.Time) rules.Result
}

// prometheusAPI asks a Prometheus server over HTTP.
type prometheusAPI struct{ api promv1.API }

// NewPrometheus returns a querier for the configured server. It doesn't connect yet.
func NewPrometheus(c PrometheusConfig) (Querier, error) {
	rt, err := promconfig.NewRoundTripperFromConfig(c.HTTP, "veltrix")
	if err != nil {
		return nil, fmt.Errorf("configure the client of Prometheus at %s: %w", c.URL, err)
	}
	client, err := api.NewClient(api.Config{Address: c.URL, RoundTripper: rt})
	if err != nil {
		return nil, fmt.Errorf("configure the client of Prometheus at %s: %w", c.URL, err)
	}
	return &prometheusAPI{api: promv1.NewAPI(client)}, nil
}

// Query asks the server. A warning, such as a part of the data that could not be reached, makes the answer unusable: a
// partial answer looks like a whole one.
func (p *prometheusAPI) Query(ctx context.Context, expr string, at time.Time) rules.Result {
	value, warnings, _, err := p.api.Query(ctx, expr, at)
	if err != nil {
		return rules.Result{Err: fmt.Errorf("ask Prometheus: %w", err)}
	}
	if len(warnings) > 0 {
		return rules.Result{Err: fmt.Errorf("ask Prometheus: it warns that %s", warnings[0])}
	}
	switch v := value.(type) {
	case model.Vector:
		return fromVector(v)
	case *model.Scalar:
		return rules.Result{Samples: []rules.Sample{{Value: float64(v.Value), Time: v.Timestamp.Time()}}}
	}
	return rules.Result{Err: fmt.Errorf("ask Prometheus: the answer is a %s; write an expression that gives a vector", value.Type())}
}

// fromVector takes over floats; a native histogram is no number, so it is NaN.
func fromVector(v model.Vector) rules.Result {
	var r rules.Result
	for _, s := range v {
		labels := make(map[string]string, len(s.Metric))
		for name, value := range s.Metric {
			labels[string(name)] = string(value)
		}
		number := float64(s.Value)
		if s.Histogram != nil {
			number = math.NaN()
		}
		r.Samples = append(r.Samples, rules.Sample{Labels: labels, Value: number, Time: s.Timestamp.Time()})
	}
	return r
}

// asker asks many expressions at once, each with its own deadline.
type asker struct {
	querier     Querier
	timeout     time.Duration
	concurrency int
	metrics     *metrics
}

// errNoTime is the answer to a query for which no time was left.
var errNoTime = errors.New("the tick's time was over before it was asked")

// ask returns an answer for every expression.
func (a *asker) ask(ctx context.Context, exprs []string, at time.Time) map[string]rules.Result {
	answers := make([]rules.Result, len(exprs))
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(a.concurrency, len(exprs)) {
		workers.Go(func() {
			for i := range next {
				answers[i] = a.one(ctx, exprs[i], at)
			}
		})
	}
	for i := range exprs {
		next <- i
	}
	close(next)
	workers.Wait()
	out := make(map[string]rules.Result, len(exprs))
	for i, e := range exprs {
		out[e] = answers[i]
	}
	return out
}

func (a *asker) one(ctx context.Context, expr string, at time.Time) rules.Result {
	if ctx.Err() != nil {
		return rules.Result{Err: errNoTime}
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	begin := time.Now()
	r := a.querier.Query(ctx, expr, at)
	a.metrics.queryDuration.Observe(time.Since(begin).Seconds())
	if r.Err != nil {
		a.metrics.queryFailures.Inc()
	}
	return r
}
