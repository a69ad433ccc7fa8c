package ruletest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// Failure is one expectation that was not met.
type Failure struct {
	File string `json:"file"`
	Test string `json:"test"`
	// At is the time in the test.
	At time.Duration `json:"at"`
	// What names the rule or the expression.
	What string `json:"what"`
	Want string `json:"want"`
	Got  string `json:"got"`
	// Why is what the rules say of it: what is missing, what blocks.
	Why string `json:"why,omitempty"`
}

// String is the failure for people, over several lines.
func (f Failure) String() string {
	text := fmt.Sprintf("%s: %s: %s at %s\n  want %s\n  got  %s", f.File, f.Test, f.What, f.At, f.Want, f.Got)
	if f.Why != "" {
		text += "\n  " + f.Why
	}
	return text
}

// Report is what a file's tests have come to.
type Report struct {
	Tests    int       `json:"tests"`
	Failures []Failure `json:"failures"`
	Coverage Coverage  `json:"coverage"`
}

// Run runs the tests of a file. Its error says that they could not be run; failures are in the report.
func (f *File) Run(ctx context.Context) (*Report, error) {
	report := &Report{Failures: []Failure{}, Coverage: Coverage{}}
	for i := range f.Tests {
		set, err := f.set()
		if err != nil {
			return nil, err
		}
		run := newRun(f, &f.Tests[i], set)
		run.report = report
		if err := run.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", f.name, f.Tests[i].Name, err)
		}
		report.Tests++
	}
	return report, nil
}

// run is one test on its way.
type run struct {
	file   *File
	test   *Test
	set    *rules.Set
	loader *promqltest.LazyLoader
	report *Report
	ticks  map[time.Duration]rules.Evaluation
}

func newRun(f *File, test *Test, set *rules.Set) *run {
	return &run{file: f, test: test, set: set, report: &Report{Coverage: Coverage{}}, ticks: map[time.Duration]rules.Evaluation{}}
}

// epoch is promtool's time 0.
func epoch() time.Time { return time.Unix(0, 0).UTC() }

func (r *run) run(ctx context.Context) (err error) {
	r.loader, err = promqltest.NewLazyLoader(r.series(), promqltest.LazyLoaderOpts{
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: parser.NewParser(parser.Options{}),
	})
	if err != nil {
		return fmt.Errorf("input_series: %w", err)
	}
	defer func() { err = errors.Join(err, r.loader.Close()) }()
	end := r.end()
	r.loader.WithSamplesTill(epoch().Add(end), func(e error) { err = e })
	if err != nil {
		return fmt.Errorf("input_series: %w", err)
	}
	if err := r.evaluate(ctx, end); err != nil {
		return err
	}
	for _, e := range r.test.TuningRules {
		r.checkRule(e)
	}
	for _, e := range r.test.AlertRules {
		r.checkAlert(e)
	}
	for _, e := range r.test.Expressions {
		r.checkExpr(ctx, e)
	}
	return nil
}

// series is the input in the engine's notation.
func (r *run) series() string {
	interval := time.Duration(r.test.Interval)
	if interval == 0 {
		interval = time.Duration(r.file.EvaluationInterval)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "load %dms\n", interval.Milliseconds())
	for _, s := range r.test.InputSeries {
		fmt.Fprintf(&b, "  %s %s\n", s.Series, s.Values)
	}
	return b.String()
}

// end is the last time that is looked at.
func (r *run) end() time.Duration {
	var end time.Duration
	for _, e := range r.test.TuningRules {
		end = max(end, time.Duration(e.EvalTime))
	}
	for _, e := range r.test.AlertRules {
		end = max(end, time.Duration(e.EvalTime))
	}
	for _, e := range r.test.Expressions {
		end = max(end, time.Duration(e.EvalTime))
	}
	return end
}

// evaluate evaluates the rules tick by tick, as the sidecar does.
func (r *run) evaluate(ctx context.Context, end time.Duration) error {
	var states map[string]tuner.RuleState
	for at := time.Duration(0); at <= end; at += time.Duration(r.file.EvaluationInterval) {
		now := epoch().Add(at)
		results := map[string]rules.Result{}
		for _, q := range r.set.Queries(now, states) {
			results[q] = r.ask(ctx, q, now)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		e := r.set.Evaluate(now, states, results)
		r.report.Coverage.note(states, e)
		states, r.ticks[at] = e.States, e
	}
	return nil
}

// ask answers a query by the engine.
func (r *run) ask(ctx context.Context, expr string, at time.Time) rules.Result {
	q, err := r.loader.QueryEngine().NewInstantQuery(ctx, r.loader.Queryable(), nil, expr, at)
	if err != nil {
		return rules.Result{Err: err}
	}
	defer q.Close()
	answer := q.Exec(ctx)
	if answer.Err != nil {
		return rules.Result{Err: answer.Err}
	}
	switch v := answer.Value.(type) {
	case promql.Vector:
		var samples []rules.Sample
		for _, s := range v {
			samples = append(samples, rules.Sample{Labels: s.Metric.Map(), Value: s.F, Time: time.UnixMilli(s.T)})
		}
		return rules.Result{Samples: samples}
	case promql.Scalar:
		return rules.Result{Samples: []rules.Sample{{Value: v.V, Time: time.UnixMilli(v.T)}}}
	default:
		return rules.Result{Err: fmt.Errorf("the answer is a %s", answer.Value.Type())}
	}
}

// at returns the rules of a name as they were at the last tick up to a time.
func (r *run) at(t time.Duration, name string) []*rules.RuleStatus {
	tick := t - t%time.Duration(r.file.EvaluationInterval)
	all := r.ticks[tick].Rules
	var found []*rules.RuleStatus
	for i := range all {
		if all[i].Rule == name {
			found = append(found, &all[i])
		}
	}
	return found
}

func (r *run) fail(at time.Duration, what, want, got, why string) {
	r.report.Failures = append(r.report.Failures, Failure{File: r.file.name, Test: r.test.Name, At: at, What: what, Want: want, Got: got, Why: why})
}

// names returns the names of all rules, for a test that has none of them.
func (r *run) names() string {
	var all []string
	for _, s := range r.ticks[0].Rules {
		all = append(all, s.Rule)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}
