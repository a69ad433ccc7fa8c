package ruletest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Of an expression that looks only at input series, and never into the future, the answers of many ticks are known beforehand: one
// range query gives them for a fraction of what an instant query at each tick costs. What looks at a recorded series or at ALERTS
// is asked tick by tick, because these come into being meanwhile.

const (
	// aheadFrom is the number of ticks from which it pays to load the samples twice.
	aheadFrom = 10
	// aheadTicks is how many ticks are asked at once; it bounds the memory.
	aheadTicks = 120
)

// ahead answers instant queries from range queries.
type ahead struct {
	samples *samples // all of them
	step    time.Duration
	end     time.Time
	written map[string]bool // metrics that rules write
	blocks  map[string]*block
}

// block is the answers to one expression at consecutive ticks.
type block struct {
	start time.Time
	ticks []promql.Vector
	// hopeless says that the expression must be asked tick by tick.
	hopeless bool
}

// newAhead returns nil if the test can't profit.
func (r *run) newAhead(ctx context.Context) (*ahead, error) {
	if r.test.end()/r.tick() < aheadFrom || r.fault.kind == Late { // ahead nothing is late
		return nil, nil
	}
	all, err := r.load()
	if err != nil {
		return nil, err
	}
	end := r.time(r.floor(r.test.end()))
	if err := all.till(ctx, end, time.Duration(r.test.Interval)); err != nil {
		return nil, errors.Join(err, all.Close())
	}
	written := r.subject.recorded()
	written["ALERTS"], written["ALERTS_FOR_STATE"] = true, true
	return &ahead{samples: all, step: r.tick(), end: end, written: written, blocks: map[string]*block{}}, nil
}

func (a *ahead) close() error {
	if a == nil {
		return nil
	}
	return a.samples.Close()
}

// query answers an expression at a tick; ok is false if it must be asked instead.
func (a *ahead) query(ctx context.Context, expr string, at time.Time) (answer promql.Vector, ok bool) {
	if a == nil {
		return nil, false
	}
	if a.wants(expr, at) {
		a.blocks[expr] = a.ask(ctx, expr, at)
	}
	i, ok := a.blocks[expr].place(at, a.step)
	if !ok {
		return nil, false
	}
	answer = slices.Clone(a.blocks[expr].ticks[i]) // who asks may change it
	for i := range answer {
		if h := answer[i].H; h != nil {
			answer[i].H = h.Copy()
		}
	}
	return answer, true
}

// prepare asks for what will be needed at a tick, side by side.
func (a *ahead) prepare(ctx context.Context, exprs []string, at time.Time) {
	if a == nil {
		return
	}
	exprs = slices.DeleteFunc(slices.Clone(exprs), func(expr string) bool { return !a.wants(expr, at) })
	found := make([]*block, len(exprs))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(exprs), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(exprs); i = int(next.Add(1)) - 1 {
				found[i] = a.ask(ctx, exprs[i], at)
			}
		})
	}
	workers.Wait()
	for i, expr := range exprs {
		a.blocks[expr] = found[i]
	}
}

// wants says whether the expression has to be asked ahead, because it can be and wasn't yet for that tick.
func (a *ahead) wants(expr string, at time.Time) bool {
	b := a.blocks[expr]
	if b == nil {
		b = &block{hopeless: !a.foreseeable(expr)}
		a.blocks[expr] = b
	}
	_, ok := b.place(at, a.step)
	return !ok && !b.hopeless
}

// place is the index of a tick.
func (b *block) place(at time.Time, step time.Duration) (int, bool) {
	since := at.Sub(b.start)
	i := int(since / step)
	return i, since >= 0 && since%step == 0 && i < len(b.ticks)
}

// foreseeable says whether the answers depend on nothing but samples that were there before.
func (a *ahead) foreseeable(expr string) bool {
	e, err := newParser().ParseExpr(expr)
	if err != nil {
		return false
	}
	fit := e.Type() == parser.ValueTypeVector || e.Type() == parser.ValueTypeScalar
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			name, matcher := metricAsked(n)
			fit = fit && matcher == nil && !a.written[name] && looksBack(n.OriginalOffset, n.OriginalOffsetExpr, n.Timestamp, n.StartOrEnd)
		case *parser.SubqueryExpr:
			fit = fit && looksBack(n.OriginalOffset, n.OriginalOffsetExpr, n.Timestamp, n.StartOrEnd)
		case *parser.Call:
			fit = fit && n.Func.Name != "info" // it looks for series of any name
		}
		return nil
	})
	return fit
}

// looksBack says whether neither an offset nor an @ can point into the future.
func looksBack(offset time.Duration, computed *parser.DurationExpr, at *int64, startOrEnd parser.ItemType) bool {
	return offset >= 0 && computed == nil && at == nil && startOrEnd == 0
}

// ask asks for many ticks at once. An error is left to the tick at which it happens.
func (a *ahead) ask(ctx context.Context, expr string, from time.Time) *block {
	to := from.Add((aheadTicks - 1) * a.step)
	if to.After(a.end) {
		to = a.end
	}
	if to.Before(from) {
		return &block{hopeless: true}
	}
	q, err := a.samples.engine.NewRangeQuery(ctx, a.samples, nil, expr, from, to, a.step)
	if err != nil {
		return &block{hopeless: true}
	}
	defer q.Close()
	matrix, err := q.Exec(ctx).Matrix()
	if err != nil {
		return &block{hopeless: true}
	}
	b := &block{start: from, ticks: make([]promql.Vector, int(to.Sub(from)/a.step)+1)}
	put := func(s promql.Sample) {
		i := int(time.UnixMilli(s.T).Sub(from) / a.step)
		if b.ticks[i] == nil {
			b.ticks[i] = make(promql.Vector, 0, len(matrix))
		}
		b.ticks[i] = append(b.ticks[i], s)
	}
	for _, series := range matrix {
		for _, p := range series.Floats {
			put(promql.Sample{Metric: series.Metric, T: p.T, F: p.F})
		}
		for _, p := range series.Histograms {
			put(promql.Sample{Metric: series.Metric, T: p.T, H: p.H.Copy()})
		}
	}
	return b
}
