package store

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// resignWithin bounds giving a lease back at the end. If etcd doesn't answer by then, the lease runs out by itself.
const resignWithin = 2 * time.Second

// lease is a lease that is kept alive.
type lease struct {
	store *Store
	id    clientv3.LeaseID
	// ctx ends with the context that the lease was granted under, and when the lease may have run out.
	ctx    context.Context //nolint:containedctx // it is the lease's life
	cancel context.CancelFunc
	keeper sync.WaitGroup
}

// grant takes a lease and keeps it alive until release.
func (s *Store) grant(ctx context.Context, ttl time.Duration, key string) (*lease, error) {
	l := &lease{store: s}
	l.ctx, l.cancel = context.WithCancel(ctx)
	var renewals <-chan *clientv3.LeaseKeepAliveResponse
	err := s.request(l.ctx, "take a lease for", key, func(ctx context.Context, client *clientv3.Client) error {
		granted, err := client.Grant(ctx, int64(ttl/time.Second))
		if err != nil {
			return err
		}
		l.id = granted.ID
		renewals, err = client.KeepAlive(l.ctx, granted.ID)
		return err
	})
	if err != nil {
		l.release()
		return nil, err
	}
	l.keeper.Go(func() { l.watch(renewals, ttl) })
	return l, nil
}

// watch ends the lease's context when it may have run out: etcd says so, or a renewal is overdue. Etcd counts the TTL
// from before its answer arrives here, so the client gives up a fifth earlier than etcd: by the time that somebody
// else can be elected, the former leader knows that it isn't one.
func (l *lease) watch(renewals <-chan *clientv3.LeaseKeepAliveResponse, ttl time.Duration) {
	defer l.cancel()
	patience := ttl - ttl/5
	overdue := time.NewTimer(patience)
	defer overdue.Stop()
	for {
		select {
		case _, ok := <-renewals:
			if !ok {
				return
			}
			overdue.Reset(patience)
		case <-overdue.C:
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// release stops keeping the lease and gives it back, also after the end of the caller's context, and then within
// [resignWithin]. Every key under the lease is gone when it returns, or once the TTL has passed if etcd is away.
func (l *lease) release() {
	l.cancel()
	l.keeper.Wait()
	if l.id == clientv3.NoLease {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), resignWithin)
	defer cancel()
	client, err := l.store.conn.get(ctx)
	if err == nil {
		_, err = client.Revoke(ctx, l.id)
	}
	if err != nil {
		l.store.logger.Debug("a lease is left to run out", zap.Int64("lease", int64(l.id)), zap.Error(err))
	}
}
