package lab

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/process"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// AppName is the application's name in the lab, as its documents and metrics have it; in an etcd that the lab doesn't start
// itself the run's name is added, because documents of an earlier run would still count.
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
		l, err := process.Listen(context.Background(), "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// engineOptions says how the lab's engines run.
type engineOptions struct {
	client    engine.Client
	topics    string // what the names of topics and group begin with
	app       string
	brokers   []string
	etcd      []string
	own       settings.Values // the application's own settings
	deadline  time.Duration   // of a claim
	partition int             // partitions of each topic
	logger    *zap.Logger
}

func newInstance(ctx context.Context, id string, l net.Listener, o engineOptions) (*instance, error) {
	s, err := store.Open(ctx, store.Options{App: o.app, Endpoints: o.etcd, Logger: o.logger})
	if err != nil {
		return nil, err
	}
	i := &instance{id: id, listener: l, store: s, metrics: prometheus.NewRegistry()}
	i.runtime, err = live.NewRuntime(live.RuntimeOptions{
		App: o.app, ID: id, ClientID: AppName, Version: "lab",
		Base: o.own, Source: s, Registerer: i.metrics, Logger: o.logger,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	i.engine, err = engine.New(engine.Options{
		Client: o.client, Commands: o.topics + "hunt.commands", Events: o.topics + "hunt.events", Snapshots: o.topics + "hunt.snapshots",
		Group:   o.topics + "hunt-referee",
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
	return process.Serve(ctx, i.listener, "", mux, i.runtime.Run, i.engine.Run)
}
