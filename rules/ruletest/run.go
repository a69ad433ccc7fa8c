package ruletest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// Run runs the tests of a file. Its error says that they could not be run; failures are in the report.
func (f *File) Run(ctx context.Context, o Options) (*Report, error) {
	subject, err := f.subject()
	if err != nil {
		return nil, err
	}
	report := &Report{Cases: []Case{}, Coverage: Coverage{}}
	for i := range f.Tests {
		t := &f.Tests[i]
		if !o.selects(t) {
			continue
		}
		r := newRun(f, t, subject)
		r.debug = o.Debug
		if err := r.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", f.name, t.Name, err)
		}
		report.Cases = append(report.Cases, r.result)
		report.Coverage.Merge(r.coverage)
		for _, more := range t.underFaults() {
			r := newRun(f, &more.test, subject)
			r.debug, r.fault = o.Debug, more.fault
			if err := r.run(ctx); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", f.name, more.test.Name, err)
			}
			report.Cases = append(report.Cases, r.result)
		}
	}
	return report, nil
}

// run is one test on its way.
type run struct {
	file       *File
	test       *Test
	subject    *subject
	debug      bool
	fault      fault // without a kind there is none
	samples    *samples
	ahead      *ahead      // nil if the test is short
	prometheus *prometheus // nil if nothing of the test needs its rules
	ticks      map[time.Duration]rules.Evaluation
	coverage   Coverage
	result     Case
}

func newRun(f *File, test *Test, s *subject) *run {
	return &run{
		file: f, test: test, subject: s, ticks: map[time.Duration]rules.Evaluation{}, coverage: Coverage{},
		result: Case{File: f.name, Name: test.Name, Failures: []Check{}},
	}
}

// epoch is promtool's time 0.
func epoch() time.Time { return time.Unix(0, 0).UTC() }

// time returns a time of the test as one of the clock.
func (r *run) time(at time.Duration) time.Time {
	if r.test.StartTimestamp.IsZero() {
		return epoch().Add(at)
	}
	return r.test.StartTimestamp.Add(at)
}

func (r *run) run(ctx context.Context) (err error) {
	if r.samples, err = r.load(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.samples.Close()) }()
	if r.ahead, err = r.newAhead(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.ahead.close()) }()
	if r.prometheus, err = r.newPrometheus(ctx); err != nil {
		return err
	}
	fit, err := r.evaluate(ctx)
	if err != nil || !fit {
		return err
	}
	for _, e := range r.test.TuningRules {
		r.checkRule(e)
	}
	for _, e := range r.test.AlertRules {
		r.checkAlert(ctx, e)
	}
	for _, e := range r.test.Expressions {
		r.checkExpr(ctx, e)
	}
	r.checkSeries()
	return nil
}

// tick is the time between two evaluations.
func (r *run) tick() time.Duration { return time.Duration(r.file.EvaluationInterval) }

// evaluate evaluates the rules tick by tick: first Prometheus its own, then the sidecar, who asks Prometheus. As in promtool, a
// rule of Prometheus's that can't be evaluated ends the test; fit is false then.
func (r *run) evaluate(ctx context.Context) (fit bool, err error) {
	var states map[string]tuner.RuleState
	end := r.test.end()
	for at := time.Duration(0); at <= end; at += r.tick() {
		now := r.time(at)
		if err := r.samples.till(ctx, now, time.Duration(r.test.Interval)); err != nil {
			return false, err
		}
		if !r.prometheus.evaluate(ctx, r, at) {
			return false, nil
		}
		results := map[string]rules.Result{}
		for _, q := range r.set().Queries(now, states) {
			results[q] = r.ask(ctx, q, now)
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		e := r.set().Evaluate(now, states, results)
		r.coverage.note(states, e)
		states, r.ticks[at] = e.States, e
	}
	return true, nil
}

func (r *run) set() *rules.Set { return r.subject.set }

// answer answers an expression at a tick, if it can from what was asked ahead.
func (r *run) answer(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	if answer, ok := r.ahead.query(ctx, expr, at); ok {
		return answer, nil
	}
	return r.query(ctx, expr, at)
}

// query asks for any time.
func (r *run) query(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	return r.samples.query(ctx, expr, at)
}

// ask answers a query as the sidecar would get it.
func (r *run) ask(ctx context.Context, expr string, at time.Time) rules.Result {
	answer, err := r.answer(ctx, expr, at)
	if err != nil {
		return rules.Result{Err: err}
	}
	var samples []rules.Sample
	for _, s := range answer {
		samples = append(samples, rules.Sample{Labels: s.Metric.Map(), Value: s.F, Time: time.UnixMilli(s.T)})
	}
	return rules.Result{Samples: samples}
}

// floor returns the last tick up to a time.
func (r *run) floor(at time.Duration) time.Duration { return at - at%r.tick() }

// lastTicks returns the ticks whose evaluations are shown, the oldest first.
func (r *run) lastTicks(at time.Duration) []time.Duration {
	var all []time.Duration
	last := r.floor(at)
	for i := lastEvaluations - 1; i >= 0; i-- {
		if tick := last - time.Duration(i)*r.tick(); tick >= 0 {
			all = append(all, tick)
		}
	}
	return all
}

// note keeps a check that failed, and with debug every other, too. What explains it is computed only then.
func (r *run) note(c *Check, explain func() []Evaluation) {
	met := c.Met()
	if met && !r.debug {
		return
	}
	if explain != nil {
		c.Evaluations = explain()
	}
	if met {
		r.result.Met = append(r.result.Met, *c)
	} else {
		r.result.Failures = append(r.result.Failures, *c)
	}
}
