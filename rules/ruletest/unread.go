package ruletest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/veltrix/veltrix/rules"
)

// unread returns the recorded metrics that nothing of the test looks at: no expression, and no template, which may ask for
// anything. To store them would be most of the work of a large rule file. A metric that several rules write, or the input has,
// is not among them: such samples can clash, and that is an error.
func (r *run) unread() map[string]bool {
	writers := map[string]int{}
	asks := false
	r.subject.eachRule(func(rule *rules.Rule) {
		if rule.Record != "" {
			writers[rule.Record]++
		}
		for _, text := range slices.Concat(slices.Collect(maps.Values(rule.Labels)), slices.Collect(maps.Values(rule.Annotations))) {
			asks = asks || strings.Contains(text, "query")
		}
	})
	names, matchers := metrics(r.asked())
	if asks || len(matchers) > 0 {
		return nil
	}
	for _, s := range r.test.InputSeries {
		names[metricOf(s.Series)] = true
	}
	free := map[string]bool{}
	for name, n := range writers {
		if n == 1 && !names[name] {
			free[name] = true
		}
	}
	return free
}

// asked returns every expression of the rules and of the test.
func (r *run) asked() []parser.Expr {
	var all []parser.Expr
	r.subject.eachRule(func(rule *rules.Rule) { all = append(all, expressions(rule)...) })
	for _, e := range r.test.Expressions {
		if expr, err := newParser().ParseExpr(e.Expr); err == nil {
			all = append(all, expr)
		}
	}
	return all
}

// sparing is a storage that forgets the samples of some metrics.
type sparing struct {
	storage.AppendableV2
	unread map[string]bool
}

// AppenderV2 implements storage.AppendableV2.
func (s sparing) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return &sparingAppender{storage: s, ctx: ctx}
}

// sparingAppender opens the storage's own appender with the first sample that is kept.
type sparingAppender struct {
	storage sparing
	ctx     context.Context //nolint:containedctx // an appender lives for one batch, and is opened late
	kept    storage.AppenderV2
}

// Append implements storage.AppenderV2.
func (a *sparingAppender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram,
	fh *histogram.FloatHistogram, opts storage.AppendV2Options,
) (storage.SeriesRef, error) {
	if a.storage.unread[ls.Get(model.MetricNameLabel)] {
		return ref, nil
	}
	if a.kept == nil {
		a.kept = a.storage.AppendableV2.AppenderV2(a.ctx)
	}
	return a.kept.Append(ref, ls, st, t, v, h, fh, opts)
}

// Commit implements storage.AppenderTransaction.
func (a *sparingAppender) Commit() error {
	if a.kept == nil {
		return nil
	}
	return a.kept.Commit()
}

// Rollback implements storage.AppenderTransaction.
func (a *sparingAppender) Rollback() error {
	if a.kept == nil {
		return nil
	}
	return a.kept.Rollback()
}
