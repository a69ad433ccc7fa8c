package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/store"
)

// connection is the flags of every command that looks into etcd.
type connection struct {
	store   store.Options
	timeout time.Duration
	output  string
}

func (c *connection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.store.App, "app", "", "the application's name (required)")
	f.StringSliceVar(&c.store.Endpoints, "etcd.endpoints", []string{"http://127.0.0.1:2379"}, "URLs of etcd's members")
	f.StringVar(&c.store.Username, "etcd.username", "", "etcd's user")
	f.StringVar(&c.store.PasswordFile, "etcd.password-file", "", "file whose first line is the user's password")
	f.StringVar(&c.store.TLS.CAFile, "etcd.ca-file", "", "certificates that etcd's must be signed by, in PEM")
	f.StringVar(&c.store.TLS.CertFile, "etcd.cert-file", "", "certificate of this client, in PEM")
	f.StringVar(&c.store.TLS.KeyFile, "etcd.key-file", "", "key of that certificate, in PEM")
	f.DurationVar(&c.timeout, "timeout", 10*time.Second, "how long to wait for etcd")
	f.StringVar(&c.output, "output", "text", "text for people or json for machines")
}

func (c *connection) validate() error {
	if c.store.App == "" {
		return &exitError{exitUsage, errors.New("--app is missing; name the application, as in the sidecar's configuration")}
	}
	if !slices.Contains([]string{"text", "json"}, c.output) {
		return &exitError{exitUsage, fmt.Errorf("--output %s: write text or json", c.output)}
	}
	return nil
}

// with opens the store, calls f within the timeout, and closes it.
func (c *connection) with(ctx context.Context, f func(ctx context.Context, s *store.Store) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	s, err := store.Open(ctx, c.store)
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, s), s.Close())
}

// show writes v as JSON, or as text where that is wanted.
func (c *connection) show(out io.Writer, v any, text func(io.Writer) error) error {
	if c.output == "text" {
		return text(out)
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
