package sidecar

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// Reader is what a tick reads; *store.Store implements it.
type Reader interface {
	Read(ctx context.Context) (store.Snapshot, error)
	Instances(ctx context.Context) ([]settings.Report, error)
	Journal(ctx context.Context, p store.Page) ([]tuner.Decision, error)
}

// Writer is what the leader writes with; *store.Store implements it. In shadow it is never called.
type Writer interface {
	Commit(ctx context.Context, term store.Term, c store.Change) error
	Campaign(ctx context.Context, id string, lead func(ctx context.Context, t store.Term) error) error
}

// Holder places and ends an operator's hold; *store.Store implements it.
type Holder interface {
	SetHold(ctx context.Context, h tuner.Hold) error
	Release(ctx context.Context, by store.Operator) error
}

// Store is all of these.
type Store interface {
	Reader
	Writer
	Holder
}

// Options say what a sidecar works with.
type Options struct {
	// Config is the configuration, checked. Required.
	Config *Config
	// ID names this sidecar in the election; unique among those of the application. Required.
	ID string
	// Store is the application's part of etcd. Required.
	Store Store
	// Prometheus answers queries; one that asks the configured server if nil.
	Prometheus Querier
	// Registerer and Gatherer are where the metrics go, and what /metrics shows; a registry of its own if nil.
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer
	// Logger is the log; none if nil.
	Logger *zap.Logger
	// WhileLeading runs beside the loop of a leader; its ctx ends with the term. May be nil.
	WhileLeading func(ctx context.Context)
	// Lifecycle allows POST /-/reload, AdminAPI allows to change holds over HTTP.
	Lifecycle, AdminAPI bool
}

// Sidecar is the control loop of one application.
type Sidecar struct {
	config   *Config
	id       string
	store    Store
	asker    asker
	metrics  *metrics
	gatherer prometheus.Gatherer
	log      *zap.Logger
	options  Options
	record   *decisionLog
	// exprs are the configuration's own expressions, scoped, by name.
	exprs map[string]string
	page  *template.Template
	notes *annotator

	rules  atomic.Pointer[ruleset]
	status atomic.Pointer[Status]

	// shadow is the tuner's state in shadow, which is written nowhere. Only the ticking goroutine uses it.
	shadow tuner.State
	// said is the reason that was logged last.
	said tuner.Reason

	reload sync.Mutex
}

// New returns a sidecar that doesn't run yet. It reads the rule files.
func New(o Options) (*Sidecar, error) {
	if o.Config == nil || o.Store == nil || o.ID == "" {
		return nil, errors.New("a sidecar needs a configuration, a store and an id")
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Registerer == nil {
		registry := prometheus.NewRegistry()
		o.Registerer, o.Gatherer = registry, registry
	}
	if o.Prometheus == nil {
		querier, err := NewPrometheus(o.Config.Prometheus)
		if err != nil {
			return nil, err
		}
		o.Prometheus = querier
	}
	set, err := o.Config.loadRules(nil)
	if err != nil {
		return nil, err
	}
	exprs, err := o.Config.scoped()
	if err != nil {
		return nil, err
	}
	record, err := openDecisionLog(o.Config.DecisionLog)
	if err != nil {
		return nil, err
	}
	s := &Sidecar{
		config: o.Config, id: o.ID, store: o.Store, gatherer: o.Gatherer, options: o, record: record, exprs: exprs, page: newPage(),
		log: o.Logger.With(zap.String("app", o.Config.App)), metrics: newMetrics(o.Registerer, o.Config.App),
	}
	if s.notes, err = newAnnotator(o.Config.Grafana, o.Config.App, s.log, s.metrics); err != nil {
		return nil, errors.Join(err, record.close())
	}
	s.asker = asker{
		querier: o.Prometheus, timeout: time.Duration(o.Config.Prometheus.Timeout),
		concurrency: o.Config.Prometheus.MaxConcurrency, metrics: s.metrics,
	}
	s.rules.Store(set)
	s.metrics.objectiveLimits(o.Config.Objectives)
	s.metrics.loaded(set, time.Now())
	s.status.Store(&Status{App: o.Config.App, ID: o.ID, Mode: o.Config.Mode, Problem: "no tick yet"})
	return s, nil
}

// Run runs the loop until ctx ends; it then resigns and returns nil. What goes wrong on the way is reported, not returned.
func (s *Sidecar) Run(ctx context.Context) error {
	var notes sync.WaitGroup
	noting, cancel := context.WithCancel(ctx)
	notes.Go(func() { s.notes.run(noting) })
	err := s.run(ctx)
	cancel()
	notes.Wait()
	return errors.Join(err, s.record.close())
}

func (s *Sidecar) run(ctx context.Context) error {
	switch s.config.Mode {
	case tuner.ModeOff:
		s.every(ctx, func(ctx context.Context, now time.Time) { s.follow(ctx, now) })
		return nil
	case tuner.ModeShadow:
		s.every(ctx, func(ctx context.Context, now time.Time) { s.tick(ctx, now, nil) })
		return nil
	case tuner.ModeEnforce:
	}
	var leading atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return s.store.Campaign(ctx, s.id, func(ctx context.Context, term store.Term) error {
			leading.Store(true)
			defer leading.Store(false)
			s.lead(ctx, term)
			return ctx.Err()
		})
	})
	group.Go(func() error {
		s.every(ctx, func(ctx context.Context, now time.Time) {
			if !leading.Load() {
				s.follow(ctx, now)
			}
		})
		return nil
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("stand for leadership of %s: %w", s.config.App, err)
	}
	return nil
}

// lead ticks until leadership is lost.
func (s *Sidecar) lead(ctx context.Context, term store.Term) {
	s.log.Info("elected: this sidecar decides from now on", zap.String("id", s.id))
	s.metrics.leader.Set(1)
	defer s.metrics.leader.Set(0)
	s.record.forget()
	var beside sync.WaitGroup
	defer beside.Wait()
	if s.options.WhileLeading != nil {
		beside.Go(func() { s.options.WhileLeading(ctx) })
	}
	s.every(ctx, func(ctx context.Context, now time.Time) { s.tick(ctx, now, &term) })
	s.log.Info("not the leader any more: this sidecar writes nothing until it is elected again", zap.String("id", s.id))
}

// every calls f at each interval until ctx ends, one call at a time, each bounded by the interval. Intervals that pass while f
// is at work are skipped and counted.
func (s *Sidecar) every(ctx context.Context, f func(ctx context.Context, now time.Time)) {
	interval := time.Duration(s.config.Interval)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	due := time.Now()
	for {
		bounded, cancel := context.WithTimeout(ctx, interval)
		f(bounded, due)
		cancel()
		if late := int(time.Since(due) / interval); late > 1 {
			s.metrics.ticksMissed.Add(float64(late - 1))
		}
		select {
		case <-ctx.Done():
			return
		case due = <-ticker.C:
		}
	}
}

// Reload reads the rule files again. A bad file keeps its last good version; the error says which are bad and why.
func (s *Sidecar) Reload() error {
	s.reload.Lock()
	defer s.reload.Unlock()
	set, err := s.config.loadRules(s.rules.Load())
	if err != nil {
		s.metrics.reloadFailed()
		return fmt.Errorf("reload the rules of %s: %w", s.config.App, err)
	}
	s.rules.Store(set)
	s.metrics.loaded(set, time.Now())
	return set.err()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
