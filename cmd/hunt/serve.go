package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/process"
	"github.com/veltrix/veltrix/store"
)

// serve wires the parts together and runs them until ctx ends.
func serve(ctx context.Context, f flags, stdout io.Writer) error {
	c, err := loadConfig(f.config)
	if err != nil {
		return process.UsageError{Err: err}
	}
	if err := web.Validate(f.webConfig); err != nil {
		return process.UsageError{Err: fmt.Errorf("--web.config.file %s: %w", f.webConfig, err)}
	}
	if f.check {
		fmt.Fprintf(stdout, "%s is fine: application %s, instance %s\n", f.config, c.App, c.Instance)
		return nil
	}
	log, err := process.NewLogger(f.logLevel)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // standard error can't always be synced

	runtime, closeStore, registry, err := newRuntime(ctx, c, log)
	if err != nil {
		return err
	}
	hunt, err := engine.New(engine.Options{
		Brokers: c.Kafka.Brokers, Runtime: runtime, Instance: c.Instance, Commands: c.Kafka.Commands, Events: c.Kafka.Events,
		Snapshots: c.Kafka.Snapshots, SnapshotEvery: c.Kafka.SnapshotEvery,
		Group: c.Kafka.Group, Partitions: c.Kafka.Partitions, Replication: c.Kafka.Replication,
		Deadline: time.Duration(c.Deadline), MaxWaiting: c.MaxWaiting, Registerer: registry, Logger: log,
	})
	if err != nil {
		return errors.Join(err, closeStore())
	}
	return errors.Join(runAll(ctx, runtime, hunt, registry, f, log), closeStore())
}

// newRuntime makes the live client's runtime, with etcd as its source where that is configured.
func newRuntime(ctx context.Context, c *config, log *zap.Logger) (*live.Runtime, func() error, *prometheus.Registry, error) {
	registry := process.NewRegistry()
	o := c.runtime()
	o.Registerer, o.Logger = registry, log
	closeStore := func() error { return nil }
	if len(c.Etcd.Endpoints) > 0 {
		so := c.store()
		so.Logger = log
		s, err := store.Open(ctx, so)
		if err != nil {
			return nil, nil, nil, err
		}
		o.Source, closeStore = s, s.Close
	}
	runtime, err := live.NewRuntime(o)
	if err != nil {
		return nil, nil, nil, errors.Join(err, closeStore())
	}
	return runtime, closeStore, registry, nil
}

// runAll runs runtime, engine and HTTP server until ctx ends or one of them fails.
func runAll(ctx context.Context, runtime *live.Runtime, hunt *engine.Engine, registry *prometheus.Registry, f flags, log *zap.Logger) error {
	listener, err := process.Listen(ctx, f.listen)
	if err != nil {
		return err
	}
	log.Info("listening", zap.String("address", listener.Addr().String()))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.Handle("/", hunt.Handler())
	return process.Serve(ctx, listener, f.webConfig, mux, runtime.Run, hunt.Run)
}
