package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Store is one application's part of an etcd cluster. All methods are safe for concurrent use.
type Store struct {
	opts   Options
	keys   keys
	conn   *connection
	logger *zap.Logger

	// life ends when the store is closed.
	life context.Context //nolint:containedctx // the store's own life, not a call's
	end  context.CancelFunc

	mu      sync.Mutex // guards closed and the start of running
	closed  bool
	running sync.WaitGroup // calls that block: Watch, Join, Campaign
}

// Open checks the options, reads the files that they name and connects. Etcd being away is no error: it is logged, and
// every later call tries again. A user name or password that etcd refuses is one. Close the store after use.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("open the store of %q: %w", o.App, err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	conn, err := newConnection(life, o)
	if err != nil {
		end()
		return nil, fmt.Errorf("open the store of %q: %w", o.App, err)
	}
	s := &Store{
		opts: o, keys: keysOf(o.App), conn: conn, life: life, end: end,
		logger: o.Logger.With(zap.String("app", o.App), zap.Strings("etcd", o.Endpoints)),
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store of %q: %w", o.App, err), s.Close())
	}
	return s, nil
}

// connect makes the client if etcd is there.
func (s *Store) connect(ctx context.Context) error {
	c := &cause{}
	_, err := s.conn.get(withCause(ctx, c))
	switch {
	case err == nil:
		return nil
	case refusesLogin(err) || ctx.Err() != nil:
		return s.explain("log in below", s.keys.prefix, err, c)
	}
	s.logger.Warn("etcd is away; every later call tries again", zap.Error(s.remedy(err, c)))
	return nil
}

// Close ends every Watch, Join and Campaign of this store, waits for them, and disconnects. It must not be called from
// within a function that one of them calls.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.running.Wait()
	return s.conn.close()
}

// begin starts a call that blocks. Its context ends with the caller's and with the store; done must be called at the
// end, and its result is what the call returns.
func (s *Store) begin(ctx context.Context) (bound context.Context, done func() error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	s.running.Add(1)
	bound, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	return bound, func() error {
		stop()
		cancel()
		s.running.Done()
		if ctx.Err() == nil && s.life.Err() != nil {
			return ErrClosed
		}
		return nil
	}, nil
}

// request does one request within the caller's context and the request timeout. Doing and key are for the error.
func (s *Store) request(ctx context.Context, doing, key string, do func(context.Context, *clientv3.Client) error) error {
	if s.isClosed() {
		return fmt.Errorf("%s %s: %w", doing, key, ErrClosed)
	}
	c := &cause{}
	ctx, cancel := context.WithTimeout(withCause(ctx, c), s.opts.RequestTimeout)
	defer cancel()
	client, err := s.conn.get(ctx)
	if err == nil {
		if err = do(ctx, client); refusesLogin(err) {
			s.conn.forget(client)
		}
	}
	if status.Code(err) == codes.DeadlineExceeded {
		err = context.DeadlineExceeded // gRPC's timer may be ahead of the context's.
	}
	if err != nil {
		return s.explain(doing, key, err, c)
	}
	return nil
}

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// get reads keys in one transaction, so that all answers are of one revision. They are in the order of the operations.
func (s *Store) get(ctx context.Context, doing, key string, ops ...clientv3.Op) (*clientv3.TxnResponse, error) {
	var resp *clientv3.TxnResponse
	err := s.request(ctx, doing, key, func(ctx context.Context, client *clientv3.Client) error {
		var err error
		resp, err = client.Txn(ctx).Then(ops...).Commit()
		return err
	})
	return resp, err
}

// names lists keys for an error.
func names(keys ...string) string { return strings.Join(keys, ", ") }
