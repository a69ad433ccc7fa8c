package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

// Join publishes the newest report of the instance id under a lease of [Options.InstanceTTL] until ctx ends, withdraws
// it, and returns nil. Of several reports that wait only the last is published; a closed channel leaves the last one
// published. A lease that is lost is replaced; while etcd is away, Join tries again and logs it.
func (s *Store) Join(ctx context.Context, id string, reports <-chan settings.Report) error {
	if err := checkName("instance", id); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	m := &membership{store: s, id: id, key: s.keys.instance(id)}
	m.logger = s.logger.With(zap.String("key", m.key))
	newest, collected := collect(ctx, reports)
	m.reports = newest
	m.run(ctx)
	<-collected
	return done()
}

// collect keeps the newest report ready, so that whoever reports never waits for etcd. Done is closed when ctx has
// ended and nothing is read any more.
func collect(ctx context.Context, reports <-chan settings.Report) (newest <-chan settings.Report, done <-chan struct{}) {
	out, end := make(chan settings.Report, 1), make(chan struct{})
	go func() {
		defer close(end)
		for {
			select {
			case <-ctx.Done():
				return
			case r, ok := <-reports:
				if !ok {
					return
				}
				select {
				case <-out: // An unread report is out of date.
				default:
				}
				out <- r
			}
		}
	}()
	return out, end
}

// membership is one call of Join.
type membership struct {
	store   *Store
	id, key string
	logger  *zap.Logger
	reports <-chan settings.Report
	// newest is what is or shall be published, nil before the first report.
	newest []byte
	pause  pause
	lost   bool
}

// run holds one lease after the other until ctx ends.
func (m *membership) run(ctx context.Context) {
	for ctx.Err() == nil {
		l, err := m.store.grant(ctx, m.store.opts.InstanceTTL, m.key)
		if err == nil {
			m.hold(ctx, l)
			l.release()
			err = errors.New("its lease was lost")
		}
		if ctx.Err() == nil {
			m.missed(err)
			m.pause.wait(ctx)
		}
	}
}

// hold publishes under one lease until it or ctx ends.
func (m *membership) hold(ctx context.Context, l *lease) {
	check := time.NewTimer(0)
	defer check.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case r := <-m.reports:
			m.take(r)
		case <-check.C:
		}
		wait, ok := m.publish(ctx, l)
		if !ok {
			return
		}
		check.Reset(wait)
	}
}

// take makes a report the newest. One that can't be stored is logged; the one before stays.
func (m *membership) take(r settings.Report) {
	data, err := record.EncodeReport(m.store.opts.App, m.id, r)
	if err != nil {
		m.logger.Error("a report is not published", zap.Error(err))
		return
	}
	m.newest = data
}

// publish makes sure that the newest report is stored under the lease, and says when to look again. Ok is false if
// the lease is gone.
func (m *membership) publish(ctx context.Context, l *lease) (wait time.Duration, ok bool) {
	if m.newest == nil {
		return m.store.opts.RelistEvery, true
	}
	err := m.store.request(ctx, "report to", m.key, func(ctx context.Context, client *clientv3.Client) error {
		// Written only where it isn't so already: the look at a key that somebody may have deleted costs no write.
		same := []clientv3.Cmp{
			clientv3.Compare(clientv3.Value(m.key), "=", string(m.newest)),
			clientv3.Compare(clientv3.LeaseValue(m.key), "=", l.id),
		}
		_, err := client.Txn(ctx).If(same...).Else(clientv3.OpPut(m.key, string(m.newest), clientv3.WithLease(l.id))).Commit()
		return err
	})
	switch {
	case err == nil:
		m.found()
		return jitter(m.store.opts.RelistEvery), true
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return 0, false
	}
	m.missed(err)
	m.pause.next = min(max(firstPause, 2*m.pause.next), longestPause)
	return jitter(m.pause.next), true
}

func (m *membership) found() {
	if m.lost {
		m.logger.Info("the instance is listed again")
	}
	m.lost = false
	m.pause.reset()
}

func (m *membership) missed(err error) {
	if !m.lost {
		m.logger.Warn("the instance is not listed and tries again", zap.Error(err))
	}
	m.lost = true
}
