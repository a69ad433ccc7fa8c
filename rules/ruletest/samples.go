package ruletest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/teststorage"
)

// samples is Prometheus's storage with the samples of a test up to a time, and an engine to ask it.
type samples struct {
	*teststorage.TestStorage
	engine *promql.Engine
	series []*inputSeries
}

// inputSeries is a series with what of it is not yet in the storage.
type inputSeries struct {
	metric labels.Labels
	values []parser.SequenceValue
	next   time.Time
	late   time.Time // the sample of that time comes with the one after it
}

// maxSamples bounds the samples of one query, as Prometheus's own default does.
const maxSamples = 50_000_000

// load returns a storage without a sample yet.
func (r *run) load() (*samples, error) {
	s := &samples{engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: maxSamples, Timeout: time.Hour, Parser: newParser(), EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return r.tick().Milliseconds() },
	})}
	parse := parser.NewParser(promqltest.TestParserOpts)
	taken := map[string]int{}
	for _, one := range r.test.InputSeries {
		text := strings.TrimSpace(one.Series) + " " + strings.TrimSpace(one.Values)
		metric, values, err := parse.ParseSeriesDesc(text)
		if err != nil {
			return nil, fmt.Errorf("input_series %s: %w", text, err)
		}
		input := &inputSeries{metric: metric, values: values, next: r.time(0)}
		for _, input := range r.fault.apply(input, time.Duration(r.test.Interval)) {
			if i, ok := taken[input.metric.String()]; ok {
				s.series[i] = input // the later one counts, as in promtool
				continue
			}
			taken[input.metric.String()] = len(s.series)
			s.series = append(s.series, input)
		}
	}
	var err error
	s.TestStorage, err = teststorage.NewWithError(small)
	return s, err
}

// small makes a storage that is opened for one test: without a log to recover it from, room for exemplars, and the locks that a
// million series would want.
func small(o *tsdb.Options) {
	o.WALSegmentSize = -1
	o.EnableExemplarStorage, o.MaxExemplars = false, 0
	o.StripeSize = 256
	o.IsolationDisabled = true
}

// till puts all samples up to a time into the storage.
func (s *samples) till(ctx context.Context, at time.Time, interval time.Duration) error {
	app := s.AppenderV2(ctx)
	for _, one := range s.series {
		for len(one.values) > 0 && !one.due(interval).After(at) {
			v := one.values[0]
			if !v.Omitted {
				if _, err := app.Append(0, one.metric, 0, one.next.UnixMilli(), v.Value, nil, v.Histogram, storage.AppendV2Options{}); err != nil {
					return fmt.Errorf("input_series %s: %w", one.metric, err)
				}
			}
			one.values, one.next = one.values[1:], one.next.Add(interval)
		}
	}
	return app.Commit()
}

// due is when the next sample comes.
func (s *inputSeries) due(interval time.Duration) time.Time {
	if s.next.Equal(s.late) {
		return s.next.Add(interval)
	}
	return s.next
}

// query answers an expression at a time.
func (s *samples) query(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	q, err := s.engine.NewInstantQuery(ctx, s, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	answer := q.Exec(ctx)
	if answer.Err != nil {
		return nil, answer.Err
	}
	switch v := answer.Value.(type) {
	case promql.Vector:
		return v, nil
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, nil
	default:
		return nil, fmt.Errorf("the answer is a %s", answer.Value.Type())
	}
}
