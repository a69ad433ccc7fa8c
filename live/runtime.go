package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
)

// Source delivers documents and takes reports. store.Store and its in-memory twin implement it.
type Source interface {
	// Watch blocks until ctx ends and calls apply, one call at a time, with the newest document, and never with an
	// older generation after a newer one.
	Watch(ctx context.Context, apply func(settings.Update)) error
	// Join blocks until ctx ends, holds the lease of instance id, and publishes the newest report under it.
	Join(ctx context.Context, id string, reports <-chan settings.Report) error
}

// RuntimeOptions say what a runtime holds together.
type RuntimeOptions struct {
	// App is the application's name, as in the documents. Required with a Source.
	App string
	// ID is unique among the application's instances. Required with a Source.
	ID string
	// ClientID is Kafka's client.id and the label client_id of all metrics. Empty: App, or "veltrix".
	ClientID string
	// Version is the version of the application's build, for reports.
	Version string
	// Base are the application's own values. A missing name means the table's default.
	Base settings.Values
	// Bounds narrow the table's bounds. A document with a value outside them is refused.
	Bounds settings.Bounds
	// Floor is what no document may undercut.
	Floor Floor
	// Source delivers documents. Nil: the application's own values count for ever.
	Source Source
	// Logger may be nil.
	Logger *zap.Logger
	// Registerer takes the metrics. Nil: they are counted and not exposed.
	Registerer prometheus.Registerer
}

// Runtime holds the settings in use. All methods are safe for concurrent use.
type Runtime struct {
	opts    RuntimeOptions
	policy  policy
	started time.Time
	logger  *zap.Logger
	metrics *runtimeMetrics
	current atomic.Pointer[snapshot]

	// producers is the one set of producer metrics that all producers of this runtime share.
	producers func() (*producerMetrics, error)
	// consumers is the same for consumers and tails.
	consumers func() (*consumerMetrics, error)

	mu      sync.Mutex // guards refused and the order of swaps and reports
	refused *settings.Refusal
	reports chan settings.Report
}

// NewRuntime checks the options and returns a runtime with the application's own values in effect. It fails if they
// are outside the bounds, contradict each other or undercut the floor, or if metrics of the same client id are
// registered already.
func NewRuntime(o RuntimeOptions) (*Runtime, error) {
	if o.Source != nil && (o.App == "" || o.ID == "") {
		return nil, errors.New("a runtime with a source of settings needs App and ID; set both")
	}
	if o.ClientID == "" {
		o.ClientID = o.App
	}
	if o.ClientID == "" {
		o.ClientID = "veltrix"
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	p, err := newPolicy(o)
	if err != nil {
		return nil, err
	}
	m, err := newRuntimeMetrics(o.Registerer, o.ClientID)
	if err != nil {
		return nil, err
	}
	r := &Runtime{opts: o, policy: p, started: time.Now().UTC(), logger: o.Logger, metrics: m, reports: make(chan settings.Report, 1)}
	r.producers = sync.OnceValues(func() (*producerMetrics, error) { return newProducerMetrics(o.Registerer, o.ClientID) })
	r.consumers = sync.OnceValues(func() (*consumerMetrics, error) { return newConsumerMetrics(o.Registerer, o.ClientID) })
	r.current.Store(newSnapshot(p.base, settings.Document{}, false))
	r.metrics.applied(r.snapshot())
	return r, nil
}

// ClientID returns Kafka's client.id, which is also the label client_id of all metrics.
func (r *Runtime) ClientID() string { return r.opts.ClientID }

// Effective returns the values in use for topic; an empty topic asks for those of the whole application. The caller
// must not modify them.
func (r *Runtime) Effective(topic string) settings.Values {
	return r.snapshot().forTopic(topic).values
}

// Generation returns the applied document's generation; 0 if the application's own values count.
func (r *Runtime) Generation() int64 { return r.snapshot().generation }

// Cached says whether the applied document comes from a cache file, because its source could not be reached.
func (r *Runtime) Cached() bool { return r.snapshot().cached }

// Changed returns a channel that is closed at the next applied change.
func (r *Runtime) Changed() <-chan struct{} { return r.snapshot().replaced }

func (r *Runtime) snapshot() *snapshot { return r.current.Load() }

// Run applies documents and reports on the instance until ctx ends; it returns nil then. A source that fails is asked
// again, ever more slowly up to every 30 s: settings being away never stop a client.
func (r *Runtime) Run(ctx context.Context) error {
	r.report()
	if r.opts.Source == nil {
		<-ctx.Done()
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		r.insist(ctx, "watch settings", func(ctx context.Context) error { return r.opts.Source.Watch(ctx, r.apply) })
	})
	wg.Go(func() {
		r.insist(ctx, "report to the settings source", func(ctx context.Context) error {
			r.report() // A source that lost the last report gets it again.
			return r.opts.Source.Join(ctx, r.opts.ID, r.reports)
		})
	})
	wg.Wait()
	return nil
}

// insist repeats do until ctx ends.
func (r *Runtime) insist(ctx context.Context, what string, do func(context.Context) error) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, 30*time.Second) {
		err := do(ctx)
		if ctx.Err() != nil {
			return
		}
		r.logger.Warn(what+": the source gave up, asking again", zap.Duration("in", pause), zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// apply takes an update over, or refuses it and keeps what is in effect.
func (r *Runtime) apply(u settings.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u.Cached && !r.wantsCached() {
		return
	}
	refused := r.judge(u)
	if refused != nil {
		r.refuse(u, refused)
	} else {
		r.refused = nil
		r.swap(newSnapshot(r.policy.base, u.Document, u.Cached))
	}
	r.reportLocked()
}

// wantsCached says whether a document from a cache is news: only until the source itself has spoken.
func (r *Runtime) wantsCached() bool {
	s := r.snapshot()
	return s.cached || s.generation == 0
}

func (r *Runtime) judge(u settings.Update) *refusal {
	if u.Err != nil {
		bad := &refusal{}
		bad.add(fmt.Errorf("read the document: %w", u.Err))
		return bad
	}
	if !u.Present() {
		return nil
	}
	return r.policy.check(u.Document)
}

func (r *Runtime) refuse(u settings.Update, why *refusal) {
	r.refused = &settings.Refusal{Generation: u.Document.Generation, Settings: why.names(), Reason: why.reason()}
	r.metrics.refused(r.refused)
	r.logger.Warn("settings refused, the former ones stay in effect",
		zap.Int64("generation", u.Document.Generation), zap.Int64("in_effect", r.snapshot().generation), zap.String("reason", r.refused.Reason))
}

// swap puts s in place and tells everyone who waits for a change.
func (r *Runtime) swap(s *snapshot) {
	old := r.current.Swap(s)
	r.metrics.applied(s)
	close(old.replaced)
	r.logger.Info("settings applied", zap.Int64("generation", s.generation), zap.Bool("cached", s.cached),
		zap.Stringers("changes", old.app.values.Diff(s.app.values)))
}

// report puts the newest report where Join finds it.
func (r *Runtime) report() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reportLocked()
}

func (r *Runtime) reportLocked() {
	s := r.snapshot()
	rep := settings.Report{
		ID: r.opts.ID, App: r.opts.App, Version: r.opts.Version, Started: r.started,
		Generation: s.generation, Effective: s.app.values, Refusal: r.refused,
	}
	select {
	case <-r.reports: // An unread report is out of date.
	default:
	}
	r.reports <- rep
}
