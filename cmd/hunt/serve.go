package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/store"
)

// shutdownWithin bounds the end of requests under way.
const shutdownWithin = 10 * time.Second

// serve wires the parts together and runs them until ctx ends.
func serve(ctx context.Context, f flags, stdout io.Writer) error {
	c, err := loadConfig(f.config)
	if err != nil {
		return usageError{err}
	}
	if f.check {
		fmt.Fprintf(stdout, "%s is fine: application %s, instance %s\n", f.config, c.App, c.Instance)
		return nil
	}
	log, err := newLogger(f.logLevel)
	if err != nil {
		return usageError{err}
	}
	defer func() { _ = log.Sync() }() // standard error can't always be synced

	runtime, closeStore, registry, err := newRuntime(ctx, c, log)
	if err != nil {
		return err
	}
	hunt, err := engine.New(engine.Options{
		Brokers: c.Kafka.Brokers, Runtime: runtime, Instance: c.Instance, Commands: c.Kafka.Commands, Events: c.Kafka.Events,
		Group: c.Kafka.Group, Partitions: c.Kafka.Partitions, Replication: c.Kafka.Replication,
		Deadline: time.Duration(c.Deadline), MaxWaiting: c.MaxWaiting, Registerer: registry, Logger: log,
	})
	if err != nil {
		return errors.Join(err, closeStore())
	}
	return errors.Join(runAll(ctx, runtime, hunt, registry, f, log), closeStore())
}

func newLogger(level string) (*zap.Logger, error) {
	parsed, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("--log.level %q: write debug, info, warn or error", level)
	}
	c := zap.NewProductionConfig()
	c.Level = zap.NewAtomicLevelAt(parsed)
	c.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	return c.Build()
}

// newRuntime makes the live client's runtime, with etcd as its source where that is configured.
func newRuntime(ctx context.Context, c *config, log *zap.Logger) (*live.Runtime, func() error, *prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
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

// runAll runs runtime, engine and HTTP server until ctx ends or one of them fails. The server ends first, so that requests
// under way still get their answers.
func runAll(ctx context.Context, runtime *live.Runtime, hunt *engine.Engine, registry *prometheus.Registry, f flags, log *zap.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", f.listen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.Handle("/", hunt.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}

	detached, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	group, running := errgroup.WithContext(detached)
	group.Go(func() error { return runtime.Run(running) })
	group.Go(func() error { return hunt.Run(running) })
	group.Go(func() error {
		log.Info("listening", zap.String("address", listener.Addr().String()))
		err := web.Serve(listener, server, &web.FlagConfig{WebConfigFile: &f.webConfig}, slog.New(slog.DiscardHandler))
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve HTTP: %w", err)
	})
	select {
	case <-ctx.Done():
	case <-running.Done(): // one of the parts failed
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer cancel()
	err = server.Shutdown(bounded)
	stopParts()
	return errors.Join(err, group.Wait())
}
