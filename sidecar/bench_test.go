package sidecar_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store/memory"
)

// plant is an application seen through Prometheus: its latency follows its linger, which is what the document says. It answers
// the queries of the test's rules, and can be made to fail in every way.
type plant struct {
	mu    sync.Mutex
	store *memory.Store
	fault func(expr string) (rules.Result, bool) // nil: none
	asked int
}

var errAway = errors.New("connection refused")

func away(string) (rules.Result, bool)  { return rules.Result{Err: errAway}, true }
func empty(string) (rules.Result, bool) { return rules.Result{}, true }
func nan(string) (rules.Result, bool) {
	return rules.Result{Samples: []rules.Sample{{Value: math.NaN()}}}, true
}

func (p *plant) fail(f func(string) (rules.Result, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// linger is what the instance runs: the document's value, or 1000 ms.
func (p *plant) linger(ctx context.Context) float64 {
	snapshot, err := p.store.Read(ctx)
	if v, ok := snapshot.Document.Settings[settings.ProducerLingerMs]; err == nil && ok {
		return float64(v.Int())
	}
	return 1000
}

// Query answers as an application would whose p99 is its linger and a little.
func (p *plant) Query(ctx context.Context, expr string, at time.Time) rules.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.fault != nil {
		if r, failed := p.fault(expr); failed {
			return r
		}
	}
	latency := p.linger(ctx)/1000 + 0.010
	value := latency
	switch {
	case strings.Contains(expr, "bool"): // the rule's condition
		value = 0
		if latency > 0.150 {
			value = 1
		}
	case strings.Contains(expr, "load"):
		value = 100
	case strings.Contains(expr, "wanted"):
		value = 20
	}
	return rules.Result{Samples: []rules.Sample{{Value: value, Time: at}}}
}

const ruleFile = `groups:
- name: g
  rules:
  - alert: TooSlow
    expr: latency > 0.150
    for: 5s
    class: protect
    on_missing: hold
    mode: enforce
    actions:
    - {set: producer.linger.ms, target: wanted, min: 1, max: 1000}
`

const configFile = `app: hunt
mode: MODE
interval: 5s
prometheus: {url: "http://localhost:1"}
etcd: {endpoints: [http://localhost:1]}
rule_files: [rules.yml]
load: load
objectives: [{name: p99, expr: latency, max: 0.150}]
decision_log: {file: LOG}
`

// bench is a sidecar on its desk: a store in memory, a plant, and files in a folder of the test's.
type bench struct {
	t      *testing.T
	dir    string
	store  *memory.Store
	plant  *plant
	config *sidecar.Config
}

func newBench(t *testing.T, mode string) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), store: memory.New(memory.Options{App: "hunt"})}
	b.plant = &plant{store: b.store}
	b.write("rules.yml", ruleFile)
	b.write("veltrix.yml", strings.NewReplacer("MODE", mode, "LOG", b.path("decisions.jsonl")).Replace(configFile))
	var err error
	b.config, err = sidecar.LoadConfig(b.path("veltrix.yml"))
	require.NoError(t, err)
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name, text string) {
	require.NoError(b.t, os.WriteFile(b.path(name), []byte(text), 0o600))
}

// sidecar returns one that doesn't run yet.
func (b *bench) sidecar(id string, change func(*sidecar.Options)) *sidecar.Sidecar {
	b.t.Helper()
	registry := prometheus.NewRegistry()
	o := sidecar.Options{Config: b.config, ID: id, Store: b.store, Prometheus: b.plant, Registerer: registry, Gatherer: registry}
	if change != nil {
		change(&o)
	}
	s, err := sidecar.New(o)
	require.NoError(b.t, err)
	return s
}

// start runs a sidecar and returns what stops it and waits.
func (b *bench) start(s *sidecar.Sidecar) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		require.NoError(b.t, <-done)
	})
}

// instance is an engine that applies every document at once and says so, until the returned function is called.
func (b *bench) instance() (stop func()) {
	const id = "engine-1"
	ctx, cancel := context.WithCancel(context.Background())
	reports := make(chan settings.Report, 1)
	report := func(generation int64) settings.Report {
		return settings.Report{ID: id, App: "hunt", Generation: generation, Effective: settings.Defaults().With(settings.ProducerLingerMs, settings.Number(1000))}
	}
	reports <- report(0)
	var parts sync.WaitGroup
	parts.Go(func() { _ = b.store.Join(ctx, id, reports) })
	parts.Go(func() {
		_ = b.store.Watch(ctx, func(u settings.Update) {
			if u.Present() {
				select {
				case reports <- report(u.Document.Generation):
				case <-ctx.Done():
				}
			}
		})
	})
	return func() {
		cancel()
		parts.Wait()
	}
}

// document returns what is stored.
func (b *bench) document() settings.Document {
	snapshot, err := b.store.Read(context.Background())
	require.NoError(b.t, err)
	return snapshot.Document
}
