package store

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/veltrix/veltrix/store/internal/record"
)

// Commit writes one tick's change in one transaction: the tuner's state, and the document and the journal's entry
// where there are any. It writes all or nothing, and only while the term lasts and the document and the state are at
// the revisions that the caller read; otherwise the error wraps [ErrNotLeader] or [ErrConflict].
//
// An error of the network or of the context leaves open whether the change was written; the next [Store.Read] shows
// it, and the revisions keep it from being written twice.
func (s *Store) Commit(ctx context.Context, term Term, c Change) error {
	encoded, err := record.Change{App: s.opts.App, Document: c.Document, State: c.State, Decision: c.Decision}.Encode()
	if err != nil {
		return fmt.Errorf("commit %s: %w", s.commitKeys(c), err)
	}
	if term.Key == "" || term.Revision <= 0 {
		return fmt.Errorf("commit %s without a term: %w", s.commitKeys(c), ErrNotLeader)
	}
	var resp *clientv3.TxnResponse
	err = s.request(ctx, "commit", s.commitKeys(c), func(ctx context.Context, client *clientv3.Client) error {
		var err error
		resp, err = client.Txn(ctx).If(s.fences(term, c, encoded)...).Then(s.writes(encoded)...).Else(s.grounds(term)...).Commit()
		return err
	})
	if err != nil {
		return err
	}
	if !resp.Succeeded {
		return fmt.Errorf("commit %s: %w", s.commitKeys(c), s.whyNot(term, c, resp))
	}
	if encoded.Entry != nil {
		s.trim(ctx)
	}
	return nil
}

// commitKeys lists what a commit writes, for errors.
func (s *Store) commitKeys(c Change) string {
	keys := []string{s.keys.tuner()}
	if c.Document != nil {
		keys = append(keys, s.keys.settings())
	}
	if c.Decision != nil {
		keys = append(keys, s.keys.journal(c.Decision.ID))
	}
	return names(keys...)
}

// fences are what must hold for a commit to be written.
func (s *Store) fences(term Term, c Change, e record.Encoded) []clientv3.Cmp {
	fences := []clientv3.Cmp{
		clientv3.Compare(clientv3.CreateRevision(term.Key), "=", term.Revision),
		clientv3.Compare(clientv3.ModRevision(s.keys.settings()), "=", c.SettingsRevision),
		clientv3.Compare(clientv3.ModRevision(s.keys.tuner()), "=", c.TunerRevision),
	}
	if c.Revision > 0 {
		fences = append(fences, clientv3.Compare(clientv3.ModRevision(s.keys.hold()), "<", c.Revision+1))
	}
	if e.Entry != nil {
		fences = append(fences, absent(s.keys.journal(e.EntryID)))
	}
	return fences
}

func absent(key string) clientv3.Cmp { return clientv3.Compare(clientv3.CreateRevision(key), "=", 0) }

// writes are the operations that store what was encoded.
func (s *Store) writes(e record.Encoded) []clientv3.Op {
	var ops []clientv3.Op
	if e.Tuner != nil {
		ops = append(ops, clientv3.OpPut(s.keys.tuner(), string(e.Tuner)))
	}
	if e.Settings != nil {
		ops = append(ops, clientv3.OpPut(s.keys.settings(), string(e.Settings)))
	}
	if e.Entry != nil {
		ops = append(ops, clientv3.OpPut(s.keys.journal(e.EntryID), string(e.Entry)))
	}
	return ops
}

// grounds read what the fences compared, for [Store.whyNot].
func (s *Store) grounds(term Term) []clientv3.Op {
	keys := []string{term.Key, s.keys.settings(), s.keys.tuner(), s.keys.hold()}
	ops := make([]clientv3.Op, 0, len(keys))
	for _, key := range keys {
		ops = append(ops, clientv3.OpGet(key, clientv3.WithKeysOnly()))
	}
	return ops
}

// whyNot names the fence that a commit met.
func (s *Store) whyNot(term Term, c Change, resp *clientv3.TxnResponse) error {
	if only(resp, 0).GetCreateRevision() != term.Revision {
		return fmt.Errorf("the term %s of revision %d has ended: %w", term.Key, term.Revision, ErrNotLeader)
	}
	for i, read := range []int64{c.SettingsRevision, c.TunerRevision} {
		key := []string{s.keys.settings(), s.keys.tuner()}[i]
		if now := only(resp, i+1).GetModRevision(); now != read {
			return fmt.Errorf("%s is at revision %d, was read at %d: %w", key, now, read, ErrConflict)
		}
	}
	if now := only(resp, 3).GetModRevision(); c.Revision > 0 && now > c.Revision {
		return fmt.Errorf("a hold was placed at revision %d, after the read at %d: %w", now, c.Revision, ErrConflict)
	}
	return fmt.Errorf("%s is in the journal already: %w", c.Decision.ID, ErrConflict)
}
