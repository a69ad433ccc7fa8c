package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

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
	o := c.store
	switch {
	case o.App == "":
		return &exitError{exitUsage, errors.New("--app is missing; name the application, as in the sidecar's configuration")}
	case (o.Username == "") != (o.PasswordFile == ""):
		return &exitError{exitUsage, errors.New("--etcd.username and --etcd.password-file are needed together: give both or neither")}
	case (o.TLS.CertFile == "") != (o.TLS.KeyFile == ""):
		return &exitError{exitUsage, errors.New("--etcd.cert-file and --etcd.key-file are needed together: give both or neither")}
	case c.timeout <= 0:
		return &exitError{exitUsage, fmt.Errorf("--timeout %s: write a time above zero, for example 10s", c.timeout)}
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
	o := c.store
	o.DialTimeout, o.RequestTimeout = c.timeout, c.timeout
	s, err := store.Open(ctx, o)
	if err == nil {
		err = errors.Join(f(ctx, s), s.Close())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("etcd did not answer within %s; check that it runs, that --etcd.endpoints names it, and that this machine reaches it: %w", c.timeout, err)
	}
	return err
}

// oneLine makes a text that somebody else wrote fit for one line: an escape sequence in it would reach the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
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
