package packs

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/teststorage"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/simulation"
	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// Packs is every shipped pack over the series of one world. It implements [simulation.Rules]. What goes wrong fails the
// test.
type Packs struct {
	t        testing.TB
	storage  *teststorage.TestStorage
	engine   *promql.Engine
	set      *rules.Set
	states   map[string]tuner.RuleState
	series   *series
	interval time.Duration
	delay    time.Duration
	refs     map[uint64]storage.SeriesRef
}

// New makes an empty Prometheus that is scraped once in an interval; ranges of the packs are replaced by longest. Queries ask
// for the time that is delay ago. It is closed at the end of the test.
func New(t testing.TB, interval, longest, delay time.Duration) *Packs {
	t.Helper()
	p := &Packs{
		t: t, series: newSeries(), interval: interval, delay: delay, refs: map[uint64]storage.SeriesRef{},
		engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})}),
	}
	var sources []rules.Source
	for _, name := range rules.Packs() {
		file, err := rules.LoadPack(name)
		require.NoError(t, err)
		sources = append(sources, rules.Source{File: file, Range: longest})
	}
	var err error
	p.set, err = rules.NewSet(sources, rules.SetOptions{Interval: interval})
	require.NoError(t, err)
	p.storage, err = teststorage.NewWithError(func(o *tsdb.Options) {
		o.WALSegmentSize, o.EnableExemplarStorage, o.StripeSize, o.IsolationDisabled = -1, false, 256, true
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.storage.Close()) })
	return p
}

// Scraped implements [simulation.Rules].
func (p *Packs) Scraped(w *simulation.World, seen simulation.Seen) {
	p.series.add(w, seen, p.interval.Seconds())
	if seen.Lost {
		return
	}
	app := p.storage.AppenderV2(context.Background())
	p.series.each(func(l labels.Labels, value float64) {
		key := l.Hash()
		ref, err := app.Append(p.refs[key], l, 0, w.Now.UnixMilli(), value, nil, nil, storage.AppendV2Options{})
		require.NoError(p.t, err, "%s", l)
		p.refs[key] = ref
	})
	require.NoError(p.t, app.Commit())
}

// Signals implements [simulation.Rules].
func (p *Packs) Signals(now time.Time, _ []tuner.Signal) []tuner.Signal {
	results := map[string]rules.Result{}
	for _, query := range p.set.Queries(now, p.states) {
		results[query] = p.ask(query, now.Add(-p.delay))
	}
	e := p.set.Evaluate(now, p.states, results)
	p.states = e.States
	return e.Signals
}

func (p *Packs) ask(query string, at time.Time) rules.Result {
	q, err := p.engine.NewInstantQuery(context.Background(), p.storage, nil, query, at)
	require.NoError(p.t, err, "%s", query)
	defer q.Close()
	answer := q.Exec(context.Background())
	require.NoError(p.t, answer.Err, "%s", query)
	var samples []rules.Sample
	switch v := answer.Value.(type) {
	case promql.Scalar:
		samples = append(samples, rules.Sample{Value: v.V, Time: time.UnixMilli(v.T)})
	case promql.Vector:
		for _, s := range v {
			samples = append(samples, rules.Sample{Labels: s.Metric.Map(), Value: s.F, Time: time.UnixMilli(s.T)})
		}
	}
	return rules.Result{Samples: samples}
}
