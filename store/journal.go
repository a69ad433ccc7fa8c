package store

import (
	"context"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
	"github.com/veltrix/veltrix/tuner"
)

// trimAtOnce bounds how many entries one trimming deletes; the next one goes on.
const trimAtOnce = 1000

// Journal returns a page of decisions, newest first. An entry that can't be read is there with its ID and says so.
func (s *Store) Journal(ctx context.Context, p Page) ([]tuner.Decision, error) {
	return s.reader(ctx).Decisions(p.Before, p.Limit)
}

// History returns the newest limit documents that the journal holds, the present one included, newest first; 0 means
// 50. A document that somebody wrote without this package is not among them.
func (s *Store) History(ctx context.Context, limit int) ([]settings.Document, error) {
	return s.reader(ctx).Documents(limit)
}

func (s *Store) reader(ctx context.Context) record.Journal {
	return record.Journal{App: s.opts.App, Page: func(before string, limit int) ([]record.Raw, error) {
		end := clientv3.GetPrefixRangeEnd(s.keys.journal(""))
		if before != "" {
			end = s.keys.journal(before)
		}
		resp, err := s.get(ctx, "read the journal", s.keys.journal(before), clientv3.OpGet(s.keys.journal(""), clientv3.WithRange(end),
			clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend), clientv3.WithLimit(int64(limit))))
		if err != nil {
			return nil, err
		}
		return s.raws(all(resp, 0)), nil
	}}
}

func (s *Store) raws(kvs []*mvccpb.KeyValue) []record.Raw {
	raws := make([]record.Raw, 0, len(kvs))
	for _, kv := range kvs {
		raws = append(raws, record.Raw{ID: s.keys.journalID(string(kv.GetKey())), Value: kv.GetValue()})
	}
	return raws
}

// newestEntry reads the journal's newest entry.
func (s *Store) newestEntry() clientv3.Op {
	return clientv3.OpGet(s.keys.journal(""), clientv3.WithPrefix(), clientv3.WithLimit(1),
		clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))
}

// trim deletes the oldest entries past the limit. What it can't delete now, the next write will; so it only logs.
func (s *Store) trim(ctx context.Context) {
	if err := s.tryTrim(ctx); err != nil {
		s.logger.Warn("the journal is not trimmed; the next entry tries again", zap.Error(err))
	}
}

func (s *Store) tryTrim(ctx context.Context) error {
	journal := s.keys.journal("")
	return s.request(ctx, "trim the journal", journal, func(ctx context.Context, client *clientv3.Client) error {
		counted, err := client.Get(ctx, journal, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			return err
		}
		over := counted.Count - int64(s.opts.JournalLimit)
		if over <= 0 {
			return nil
		}
		oldest, err := client.Get(ctx, journal, clientv3.WithPrefix(), clientv3.WithKeysOnly(),
			clientv3.WithSort(clientv3.SortByKey, clientv3.SortAscend), clientv3.WithLimit(min(over, trimAtOnce)))
		if err != nil || len(oldest.Kvs) == 0 {
			return err
		}
		last := string(oldest.Kvs[len(oldest.Kvs)-1].GetKey())
		_, err = client.Delete(ctx, journal, clientv3.WithRange(after(last)))
		return err
	})
}
