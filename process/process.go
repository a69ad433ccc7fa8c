// Package process is what the long-running commands have in common: a log, a registry of metrics, an HTTP server that ends
// before what it serves, and the exit codes.
package process

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
	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"
)

// Exit codes of a long-running command.
const (
	ExitOK     = 0
	ExitFailed = 1 // it ended with an error
	ExitUsage  = 2 // flags or configuration are wrong; nothing was started
)

// UsageError marks an error that was found before anything was started.
type UsageError struct{ Err error }

// Error returns the error's own text.
func (u UsageError) Error() string { return u.Err.Error() }

// Unwrap returns the error itself.
func (u UsageError) Unwrap() error { return u.Err }

// Exit writes err, if there is one, behind the command's name, and returns the exit code.
func Exit(stderr io.Writer, name string, err error) int {
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(stderr, "%s: %s\n", name, err)
	if _, usage := errors.AsType[UsageError](err); usage {
		return ExitUsage
	}
	return ExitFailed
}

// NewLogger returns a logger that writes JSON lines of at least the level (debug, info, warn or error) to standard error.
func NewLogger(level string) (*zap.Logger, error) {
	parsed, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, UsageError{fmt.Errorf("--log.level %q: write debug, info, warn or error", level)}
	}
	c := zap.NewProductionConfig()
	c.Level = zap.NewAtomicLevelAt(parsed)
	c.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	return c.Build()
}

// NewRegistry returns a registry with the metrics of the Go runtime, the process and the build.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return r
}

// Listen listens on a TCP address.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// Limits of the HTTP server.
const (
	headerWithin   = 10 * time.Second
	requestWithin  = time.Minute
	shutdownWithin = 10 * time.Second
)

// Serve runs parts and an HTTP server until ctx ends or one of them fails. The server ends first, and its requests under way
// get up to 10 s for their answers; only then the parts' context ends. A webConfig that is not empty names a file in
// exporter-toolkit's format, with TLS and basic authentication.
func Serve(ctx context.Context, l net.Listener, webConfig string, h http.Handler, parts ...func(context.Context) error) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: headerWithin, ReadTimeout: requestWithin}
	detached, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	group, running := errgroup.WithContext(detached)
	for _, part := range parts {
		group.Go(func() error { return part(running) })
	}
	group.Go(func() error {
		err := web.Serve(l, server, &web.FlagConfig{WebConfigFile: &webConfig}, slog.New(slog.DiscardHandler))
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
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
