package store

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Campaign stands for leadership as id until ctx ends, and calls lead each time it is elected, one call at a time. The
// context of lead ends at once when leadership is lost: the election's key is gone, or a renewal of the lease of
// [Options.LeaderTTL] is overdue, a fifth of the TTL before anybody else can be elected. Campaign then stands again.
//
// It resigns and returns when ctx has ended, with nil, or when lead returned by itself, with lead's error. An error of
// lead that wraps [ErrNotLeader] counts as lost leadership. While etcd is away, Campaign tries again and logs it.
func (s *Store) Campaign(ctx context.Context, id string, lead func(ctx context.Context, t Term) error) error {
	if err := checkName("candidate", id); err != nil {
		return fmt.Errorf("campaign: %w", err)
	}
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	c := &campaign{store: s, id: id, lead: lead, logger: s.logger.With(zap.String("candidate", id))}
	led := c.run(ctx)
	return errors.Join(led, done())
}

// campaign is one call of Campaign.
type campaign struct {
	store  *Store
	id     string
	lead   func(context.Context, Term) error
	logger *zap.Logger
	pause  pause
	lost   bool
}

// run stands again and again until ctx ends or lead returns by itself.
func (c *campaign) run(ctx context.Context) error {
	for ctx.Err() == nil {
		over, err := c.stand(ctx)
		if over {
			return err
		}
		if err != nil && ctx.Err() == nil {
			c.missed(err)
			c.pause.wait(ctx)
		}
	}
	return nil
}

// stand is one candidacy under one lease. Over says that lead returned by itself; otherwise err says why the
// candidacy failed, and nil that leadership was had and lost.
func (c *campaign) stand(ctx context.Context) (over bool, err error) {
	l, err := c.store.grant(ctx, c.store.opts.LeaderTTL, c.store.keys.leader())
	if err != nil {
		return false, err
	}
	defer l.release()
	term, err := c.store.elect(l, c.id)
	if err != nil {
		return false, err
	}
	return c.serve(l, term)
}

// serve leads for one term.
func (c *campaign) serve(l *lease, term Term) (over bool, err error) {
	ctx, cancel := context.WithCancel(l.ctx)
	guarded := make(chan struct{})
	go func() {
		defer close(guarded)
		defer cancel()
		c.guard(ctx, term)
	}()
	c.found(term)
	err = c.lead(ctx, term)
	lost := ctx.Err() != nil || errors.Is(err, ErrNotLeader)
	cancel()
	<-guarded
	if lost {
		c.logger.Info("leadership has ended", zap.String("key", term.Key))
		return false, nil
	}
	return true, err
}

// guard returns when the term's key is gone. Etcd being away does not end it: the lease does that, in time.
func (c *campaign) guard(ctx context.Context, term Term) {
	for wait := (pause{}); ctx.Err() == nil; wait.wait(ctx) {
		resp, err := c.store.get(ctx, "guard", term.Key, clientv3.OpGet(term.Key, clientv3.WithKeysOnly()))
		if err != nil {
			continue
		}
		if only(resp, 0).GetCreateRevision() != term.Revision {
			return
		}
		if c.store.gone(ctx, term.Key, resp.Header.GetRevision()+1) {
			return
		}
	}
}

func (c *campaign) found(term Term) {
	c.logger.Info("elected", zap.String("key", term.Key), zap.Int64("revision", term.Revision))
	c.lost = false
	c.pause.reset()
}

func (c *campaign) missed(err error) {
	if !c.lost {
		c.logger.Warn("the candidacy failed and is tried again", zap.Error(err))
	}
	c.lost = true
}

// Leader returns the ID under which the present leader campaigns; empty if nobody leads.
func (s *Store) Leader(ctx context.Context) (string, error) {
	resp, err := s.get(ctx, "read the leader below", s.keys.leader(), clientv3.OpGet(s.keys.leader(), clientv3.WithFirstCreate()...))
	if err != nil {
		return "", err
	}
	return string(only(resp, 0).GetValue()), nil
}
