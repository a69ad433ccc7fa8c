package store

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

// Instances returns the reports of the instances that hold their lease, by ID. A report that can't be read comes as
// one that refuses, because its instance is there.
func (s *Store) Instances(ctx context.Context) ([]settings.Report, error) {
	resp, err := s.get(ctx, "read instances below", s.keys.instance(""), clientv3.OpGet(s.keys.instance(""), clientv3.WithPrefix()))
	if err != nil {
		return nil, err
	}
	kvs := all(resp, 0)
	reports := make([]settings.Report, 0, len(kvs))
	for _, kv := range kvs {
		reports = append(reports, record.DecodeReport(s.opts.App, s.keys.instanceID(string(kv.GetKey())), kv.GetValue()))
	}
	return reports, nil
}
