package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/process"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store"
)

// serve wires the parts together and runs them until ctx ends.
func serve(ctx context.Context, f flags, stdout io.Writer) error {
	config, err := sidecar.LoadConfig(f.config)
	if err != nil {
		return process.UsageError{Err: err}
	}
	if f.check {
		fmt.Fprintf(stdout, "%s is fine: application %s, mode %s\n", f.config, config.App, config.Mode)
		return nil
	}
	if err := f.checkAdmin(); err != nil {
		return process.UsageError{Err: err}
	}
	log, err := process.NewLogger(f.logLevel)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // standard error can't always be synced

	s, err := openStore(ctx, config, log)
	if err != nil {
		return err
	}
	loop, err := newLoop(config, f, s, log)
	if err != nil {
		return errors.Join(process.UsageError{Err: err}, s.Close())
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

func openStore(ctx context.Context, c *sidecar.Config, log *zap.Logger) (*store.Store, error) {
	e := c.Etcd
	return store.Open(ctx, store.Options{
		App: c.App, Endpoints: e.Endpoints, Username: e.Username, PasswordFile: e.PasswordFile,
		TLS:         store.TLSOptions{CAFile: e.TLS.CAFile, CertFile: e.TLS.CertFile, KeyFile: e.TLS.KeyFile, ServerName: e.TLS.ServerName},
		DialTimeout: time.Duration(e.DialTimeout), RequestTimeout: time.Duration(e.RequestTimeout),
		LeaderTTL: time.Duration(e.LeaderTTL), Logger: log,
	})
}

func newLoop(c *sidecar.Config, f flags, s *store.Store, log *zap.Logger) (*sidecar.Sidecar, error) {
	registry := process.NewRegistry()
	actuator, err := newActuator(c, s, log)
	if err != nil {
		return nil, err
	}
	return sidecar.New(sidecar.Options{
		WhileLeading: actuator, Config: c, ID: f.id, Store: s, Registerer: registry, Gatherer: registry, Logger: log,
		Lifecycle: f.lifecycle, AdminAPI: f.admin,
	})
}

// runAll runs the loop, the HTTP server and the reload on SIGHUP until ctx ends or one of them fails.
func runAll(ctx context.Context, loop *sidecar.Sidecar, f flags, log *zap.Logger) error {
	listener, err := process.Listen(ctx, f.listen)
	if err != nil {
		return err
	}
	log.Info("listening", zap.String("address", listener.Addr().String()))
	reload := func(ctx context.Context) error {
		reloadOnHangup(ctx, loop, log)
		return nil
	}
	return process.Serve(ctx, listener, f.webConfig, loop.Handler(), loop.Run, reload)
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
