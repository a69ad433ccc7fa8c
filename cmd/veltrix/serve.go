package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store"
)

// shutdownWithin bounds the end of HTTP requests under way.
const shutdownWithin = 10 * time.Second

// serve wires the parts together and runs them until ctx ends.
func serve(ctx context.Context, f flags, stdout io.Writer) error {
	config, err := sidecar.LoadConfig(f.config)
	if err != nil {
		return usageError{err}
	}
	if f.check {
		fmt.Fprintf(stdout, "%s is fine: application %s, mode %s\n", f.config, config.App, config.Mode)
		return nil
	}
	if err := f.checkAdmin(); err != nil {
		return usageError{err}
	}
	log, err := newLogger(f.logLevel)
	if err != nil {
		return usageError{err}
	}
	defer func() { _ = log.Sync() }() // standard error can't always be synced

	s, err := openStore(ctx, config, log)
	if err != nil {
		return err
	}
	loop, err := newLoop(config, f, s, log)
	if err != nil {
		return errors.Join(usageError{err}, s.Close())
	}
	return errors.Join(runAll(ctx, loop, f, log), s.Close())
}

// checkAdmin refuses to let anybody on the network change holds without a password.
func (f flags) checkAdmin() error {
	if !f.admin || f.webConfig != "" {
		return nil
	}
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return fmt.Errorf("--web.listen-address %q: %w; write HOST:PORT", f.listen, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("--web.enable-admin-api on %s needs --web.config.file with basic_auth_users or client certificates; or listen on 127.0.0.1", f.listen)
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

func openStore(ctx context.Context, c *sidecar.Config, log *zap.Logger) (*store.Store, error) {
	e := c.Etcd
	return store.Open(ctx, store.Options{
		App: c.App, Endpoints: e.Endpoints, Username: e.Username, PasswordFile: e.PasswordFile,
		TLS:         store.TLSOptions{CAFile: e.TLS.CAFile, CertFile: e.TLS.CertFile, KeyFile: e.TLS.KeyFile, ServerName: e.TLS.ServerName},
		DialTimeout: time.Duration(e.DialTimeout), RequestTimeout: time.Duration(e.RequestTimeout), Logger: log,
	})
}

func newLoop(c *sidecar.Config, f flags, s *store.Store, log *zap.Logger) (*sidecar.Sidecar, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return sidecar.New(sidecar.Options{
		Config: c, ID: f.id, Store: s, Registerer: registry, Gatherer: registry, Logger: log,
		Lifecycle: f.lifecycle, AdminAPI: f.admin,
	})
}

// runAll runs the loop, the HTTP server and the reload on SIGHUP until ctx ends or one of them fails.
func runAll(ctx context.Context, loop *sidecar.Sidecar, f flags, log *zap.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", f.listen, err)
	}
	server := &http.Server{Handler: loop.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return loop.Run(ctx) })
	group.Go(func() error {
		log.Info("listening", zap.String("address", listener.Addr().String()))
		err := web.Serve(listener, server, &web.FlagConfig{WebConfigFile: &f.webConfig}, slog.New(slog.DiscardHandler))
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve HTTP: %w", err)
	})
	group.Go(func() error {
		<-ctx.Done()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		defer cancel()
		return server.Shutdown(bounded)
	})
	group.Go(func() error { reloadOnHangup(ctx, loop, log); return nil })
	return group.Wait()
}

func reloadOnHangup(ctx context.Context, loop *sidecar.Sidecar, log *zap.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		if err := loop.Reload(); err != nil {
			log.Error("rules not reloaded; the last good ones stay in use", zap.Error(err))
			continue
		}
		log.Info("rules reloaded")
	}
}
