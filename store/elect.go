package store

import (
	"context"
	"fmt"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// The election is that of etcd's concurrency package, key by key, so that its tools see it: each candidate has a key
// under its lease, and the one whose key was created first leads. It is written out here because that package's
// Campaign waits for etcd without a bound when its context ends, and doesn't notice that its own key has gone.

// elect puts the candidate's key and returns when no older one is left.
func (s *Store) elect(l *lease, id string) (Term, error) {
	term, err := s.propose(l, id)
	if err != nil {
		return Term{}, err
	}
	var wait pause
	for {
		resp, err := s.get(l.ctx, "wait for leadership with", term.Key,
			clientv3.OpGet(term.Key, clientv3.WithKeysOnly()),
			clientv3.OpGet(s.keys.leader(), append(clientv3.WithLastCreate(), clientv3.WithMaxCreateRev(term.Revision-1), clientv3.WithKeysOnly())...))
		if err != nil {
			return Term{}, err
		}
		if only(resp, 0).GetCreateRevision() != term.Revision {
			return Term{}, fmt.Errorf("wait for leadership with %s: the key is gone", term.Key)
		}
		before := only(resp, 1)
		if before == nil {
			return term, nil
		}
		if !s.gone(l.ctx, string(before.GetKey()), resp.Header.GetRevision()+1) {
			wait.wait(l.ctx)
		}
		if err := l.ctx.Err(); err != nil {
			return Term{}, fmt.Errorf("wait for leadership with %s: %w", term.Key, err)
		}
	}
}

// propose puts the candidate's key under its lease.
func (s *Store) propose(l *lease, id string) (Term, error) {
	key := s.keys.leader() + strconv.FormatInt(int64(l.id), 16)
	var resp *clientv3.TxnResponse
	err := s.request(l.ctx, "stand for leadership with", key, func(ctx context.Context, client *clientv3.Client) error {
		var err error
		resp, err = client.Txn(ctx).If(absent(key)).Then(clientv3.OpPut(key, id, clientv3.WithLease(l.id))).
			Else(clientv3.OpGet(key, clientv3.WithKeysOnly())).Commit()
		return err
	})
	if err != nil {
		return Term{}, err
	}
	if !resp.Succeeded {
		// An attempt before this one went through although its answer was lost.
		return Term{Key: key, Revision: only(resp, 0).GetCreateRevision()}, nil
	}
	return Term{Key: key, Revision: resp.Header.GetRevision()}, nil
}

// gone watches the key from the revision on and returns true when it is deleted; it is false if the watch ends
// before.
func (s *Store) gone(ctx context.Context, key string, revision int64) bool {
	client, err := s.conn.get(ctx)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	for resp := range client.Watch(ctx, key, clientv3.WithRev(revision), clientv3.WithFilterPut()) {
		if len(resp.Events) > 0 {
			return true
		}
	}
	return false
}
