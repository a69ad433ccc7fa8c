package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// AppName is the application's name in the lab, as its documents and metrics have it.
const AppName = "hunt-engine"

// instance is one engine with its own connection to etcd, its own metrics and its own listener: as in a process of its own.
type instance struct {
	id       string
	listener net.Listener
	runtime  *live.Runtime
	engine   *engine.Engine
	store    *store.Store
	metrics  *prometheus.Registry
}

// listen reserves the instances' addresses before anything runs, because Prometheus must know them first.
func listen(n int) ([]net.Listener, error) {
	listeners := make([]net.Listener, 0, n)
	for range n {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("listen for an engine: %w", err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// engineOptions says how the lab's engines run.
type engineOptions struct {
	brokers   []string
	etcd      []string
	own       settings.Values // the application's own settings
	deadline  time.Duration   // of a claim
	partition int             // partitions of each topic
	logger    *zap.Logger
}

func newInstance(ctx context.Context, id string, l net.Listener, o engineOptions) (*instance, error) {
	s, err := store.Open(ctx, store.Options{App: AppName, Endpoints: o.etcd, Logger: o.logger})
	if err != nil {
		return nil, err
	}
	i := &instance{id: id, listener: l, store: s, metrics: prometheus.NewRegistry()}
	i.runtime, err = live.NewRuntime(live.RuntimeOptions{
		App: AppName, ID: id, ClientID: AppName, Version: "lab",
		Base: o.own, Source: s, Registerer: i.metrics, Logger: o.logger,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	i.engine, err = engine.New(engine.Options{
		Brokers: o.brokers, Runtime: i.runtime, Instance: id, Deadline: o.deadline,
		Partitions: o.partition, Registerer: i.metrics, Logger: o.logger,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return i, nil
}

// url returns the base of the instance's HTTP API.
func (i *instance) url() string { return "http://" + i.listener.Addr().String() }

// requests returns the produce requests that the instance has sent so far.
func (i *instance) requests() float64 {
	families, err := i.metrics.Gather()
	if err != nil {
		return 0 // a metric that can't be gathered is missing from the show, no more
	}
	var sum float64
	for _, f := range families {
		if f.GetName() != "kafka_producer_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}

// run serves until ctx ends. Requests under way get their answers first.
func (i *instance) run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(i.metrics, promhttp.HandlerOpts{}))
	mux.Handle("/", i.engine.Handler())
	return serving(ctx, i.listener, mux, i.runtime.Run, i.engine.Run)
}

// serving runs parts and an HTTP server until ctx ends or one of them fails. The server ends first, so that requests under way
// still find the parts that answer them.
func serving(ctx context.Context, l net.Listener, h http.Handler, parts ...func(context.Context) error) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	detached, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	group, running := errgroup.WithContext(detached)
	for _, part := range parts {
		group.Go(func() error { return part(running) })
	}
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	select {
	case <-ctx.Done():
	case <-running.Done(): // one of the parts failed
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer cancel()
	err := server.Shutdown(bounded)
	stopParts()
	return errors.Join(err, group.Wait())
}

// shutdownWithin bounds the end of requests under way.
const shutdownWithin = 10 * time.Second
