package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// How a lost connection is noticed and found again. gRPC's own default lets the time between two attempts grow to two
// minutes, far longer than a watch may be behind.
const (
	pingEvery       = 10 * time.Second
	pingTimeout     = 5 * time.Second
	reconnectFirst  = 100 * time.Millisecond
	reconnectAtMost = 3 * time.Second
)

// connection makes etcd's client when it is first needed. A client with a user name can only be made while etcd is
// there, and etcd being away must not keep an application from starting.
type connection struct {
	config       clientv3.Config
	passwordFile string
	// turn holds one token; who has it may dial.
	turn   chan struct{}
	client atomic.Pointer[clientv3.Client]
}

// newConnection reads the files that the options name. Ctx is the store's life.
func newConnection(ctx context.Context, o Options) (*connection, error) {
	security, err := o.TLS.config(o.Endpoints)
	if err != nil {
		return nil, err
	}
	if _, err := readPassword(o.PasswordFile); err != nil {
		return nil, err
	}
	c := &connection{passwordFile: o.PasswordFile, turn: make(chan struct{}, 1), config: clientv3.Config{
		Context: ctx, Endpoints: o.Endpoints, TLS: security, Username: o.Username,
		DialTimeout: o.DialTimeout, DialKeepAliveTime: pingEvery, DialKeepAliveTimeout: pingTimeout,
		// Every error is returned to the caller or logged there, in sentences.
		Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: reconnectFirst, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectAtMost},
				MinConnectTimeout: o.DialTimeout,
			}),
			grpc.WithChainUnaryInterceptor(rememberCause),
		},
	}}
	if o.TLS.ServerName != "" {
		// The name in the TLS configuration is overridden by the endpoint's host; this one is not.
		c.config.DialOptions = append(c.config.DialOptions, grpc.WithAuthority(o.TLS.ServerName))
	}
	return c, nil
}

// get returns the client, which it makes if there is none yet. It is bounded by ctx and by the dial timeout.
func (c *connection) get(ctx context.Context) (*clientv3.Client, error) {
	if client := c.client.Load(); client != nil {
		return client, nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.config.Context.Err() != nil {
		return nil, ErrClosed
	}
	if client := c.client.Load(); client != nil {
		return client, nil
	}
	client, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.client.Store(client)
	return client, nil
}

// dial logs in with the password that the file holds now.
func (c *connection) dial(ctx context.Context) (*clientv3.Client, error) {
	password, err := readPassword(c.passwordFile)
	if err != nil {
		return nil, err
	}
	config := c.config
	config.Password = password
	life, end := context.WithCancel(withCause(config.Context, causeOf(ctx)))
	config.Context = life
	stop := context.AfterFunc(ctx, end)
	client, err := clientv3.New(config)
	switch {
	case err != nil:
		stop()
		end()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	case !stop():
		end()
		return nil, errors.Join(ctx.Err(), client.Close())
	}
	return client, nil
}

// forget drops the client, so that the next call logs in anew: its password was refused, and may have been changed.
// Watches and leases of the former client end and are taken up again by their owners.
func (c *connection) forget(client *clientv3.Client) {
	if c.client.CompareAndSwap(client, nil) {
		_ = client.Close() // Whatever it says, the client isn't used again.
	}
}

// close disconnects; the store's life has ended, so that nobody dials after it.
func (c *connection) close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	client := c.client.Swap(nil)
	if client == nil {
		return nil
	}
	if err := client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("close the connection to etcd: %w", err)
	}
	return nil
}

// config reads the files once, so that a wrong one is an error now and not a handshake that fails for ever.
func (t TLSOptions) config(endpoints []string) (*tls.Config, error) {
	if !t.set() && !strings.HasPrefix(endpoints[0], "https://") {
		return nil, nil //nolint:nilnil // no TLS is a configuration too
	}
	info := transport.TLSInfo{TrustedCAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, ServerName: t.ServerName, Logger: zap.NewNop()}
	config, err := info.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read TLS files (authorities %q, certificate %q, key %q): %w", t.CAFile, t.CertFile, t.KeyFile, err)
	}
	return config, nil
}

func readPassword(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the password of etcd's user: %w", err)
	}
	password, _, _ := strings.Cut(string(data), "\n")
	password = strings.TrimSuffix(password, "\r")
	if password == "" {
		return "", fmt.Errorf("the password file %s is empty: its first line is the password", file)
	}
	return password, nil
}

// refusesLogin says whether err is etcd's answer to a wrong name or password, and not a sign that etcd is away.
func refusesLogin(err error) bool {
	return errors.Is(err, rpctypes.ErrAuthFailed) || errors.Is(err, rpctypes.ErrUserNotFound)
}
