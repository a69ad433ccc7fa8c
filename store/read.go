package store

import (
	"context"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/veltrix/veltrix/store/internal/record"
)

// Read returns everything that a decision stands on, as of one revision. What is stored and can't be read is reported
// in the snapshot; an error means that etcd did not answer.
func (s *Store) Read(ctx context.Context) (Snapshot, error) {
	resp, err := s.get(ctx, "read", names(s.keys.settings(), s.keys.tuner(), s.keys.hold()),
		clientv3.OpGet(s.keys.settings()), clientv3.OpGet(s.keys.tuner()), clientv3.OpGet(s.keys.hold()))
	if err != nil {
		return Snapshot{}, err
	}
	document, state, hold := only(resp, 0), only(resp, 1), only(resp, 2)
	snapshot := Snapshot{
		SettingsRevision: document.GetModRevision(), TunerRevision: state.GetModRevision(), Revision: resp.Header.GetRevision(),
		Hold: record.DecodeHold(hold.GetValue()),
	}
	snapshot.Document, snapshot.DocumentErr = record.DecodeDocument(s.opts.App, document.GetValue())
	snapshot.State, snapshot.StateErr = record.DecodeState(state.GetValue())
	return snapshot, nil
}

// only returns the key that the i-th operation of a transaction read, nil if it is absent. A nil one answers every
// getter with the zero value.
func only(resp *clientv3.TxnResponse, i int) *mvccpb.KeyValue {
	if kvs := all(resp, i); len(kvs) > 0 {
		return kvs[0]
	}
	return nil
}

// all returns the keys that the i-th operation of a transaction read.
func all(resp *clientv3.TxnResponse, i int) []*mvccpb.KeyValue {
	return resp.Responses[i].GetResponseRange().GetKvs()
}
