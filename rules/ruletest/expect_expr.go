package ruletest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// checkExpr compares what an expression gives.
func (r *run) checkExpr(ctx context.Context, e ExprTest) {
	at := time.Duration(e.EvalTime)
	c := Check{At: at, What: e.Expr}
	answer, err := r.query(ctx, e.Expr, r.time(at))
	if err != nil {
		c.compare("answer", "one", err.Error())
		r.note(&c, nil)
		return
	}
	if err := c.samples(e.Samples, answer, r.file.FuzzyCompare); err != nil {
		c.compare("exp_samples", "samples", err.Error())
	}
	r.checkExists(&c, e)
	r.note(&c, func() []Evaluation {
		var all []Evaluation
		for _, tick := range r.lastTicks(at) {
			all = append(all, Evaluation{At: tick, Values: r.valuesOf(ctx, e.Expr, tick)})
		}
		return all
	})
}

// samples compares what is expected with an answer, series by series.
func (c *Check) samples(want []SampleExpect, got promql.Vector, fuzzy bool) error {
	for _, w := range want {
		metric, err := newParser().ParseMetric(cmp.Or(w.Labels, "{}"))
		if err != nil {
			return fmt.Errorf("labels %q: %w", w.Labels, err)
		}
		value := strconv.FormatFloat(w.Value, 'g', -1, 64)
		if w.Histogram != "" {
			if value, err = histogramText(w.Histogram); err != nil {
				return fmt.Errorf("histogram %q: %w", w.Histogram, err)
			}
		}
		i := slices.IndexFunc(got, func(s promql.Sample) bool { return labels.Equal(s.Metric, metric) })
		if i < 0 {
			c.compare(metricText(metric), value, "nothing")
			continue
		}
		is := valueText(got[i])
		if w.Histogram == "" && got[i].H == nil && equal(w.Value, got[i].F, fuzzy) {
			is = value
		}
		c.compare(metricText(metric), value, is)
		got = slices.Delete(slices.Clone(got), i, i+1)
	}
	for _, s := range got {
		c.compare(metricText(s.Metric), "nothing", valueText(s))
	}
	return nil
}

// equal compares as promtool does, except that NaN is NaN; fuzzy forgives the last bit.
func equal(want, got float64, fuzzy bool) bool {
	if want == got || math.IsNaN(want) && math.IsNaN(got) {
		return true
	}
	return fuzzy && (math.Nextafter(want, math.Inf(-1)) == got || math.Nextafter(want, math.Inf(1)) == got)
}

func valueText(s promql.Sample) string {
	if s.H != nil {
		return promqltest.HistogramTestExpression(s.H)
	}
	return strconv.FormatFloat(s.F, 'g', -1, 64)
}

// metricText is a series as people write it, its name in front.
func metricText(l labels.Labels) string {
	metric := l.Get(model.MetricNameLabel)
	rest := labels.NewBuilder(l).Del(model.MetricNameLabel).Labels()
	if metric != "" && rest.IsEmpty() {
		return metric
	}
	return metric + rest.String()
}

// histogramText is a native histogram in the notation of answers.
func histogramText(text string) (string, error) {
	_, values, err := newParser().ParseSeriesDesc("{} " + text)
	switch {
	case err != nil:
		return "", err
	case len(values) != 1 || values[0].Histogram == nil:
		return "", errors.New("it is no single histogram")
	}
	return promqltest.HistogramTestExpression(values[0].Histogram), nil
}

// shownSeries is how many series of an answer are shown.
const shownSeries = 3

// valuesOf is what an expression gave at a time, for people.
func (r *run) valuesOf(ctx context.Context, expr string, at time.Duration) []string {
	answer, err := r.query(ctx, expr, r.time(at))
	if err != nil {
		return []string{err.Error()}
	}
	if len(answer) == 0 {
		return []string{"nothing"}
	}
	slices.SortFunc(answer, func(a, b promql.Sample) int { return labels.Compare(a.Metric, b.Metric) })
	var all []string
	for _, s := range answer[:min(len(answer), shownSeries)] {
		all = append(all, metricText(s.Metric)+" "+valueText(s))
	}
	if more := len(answer) - shownSeries; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return all
}
