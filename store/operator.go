package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
	"github.com/veltrix/veltrix/tuner"
)

// operatorTries is how often an operator's write is repeated over what others wrote meanwhile. The loop writes every
// few seconds, so a second conflict in a row is rare already.
const operatorTries = 10

// SetValues sets and unsets values for the whole application, as a new generation with an entry in the journal. It
// needs no leadership: the tuner sees a document that isn't its own and leaves it alone for a while. It returns the
// document as it is now; if everything is so already, nothing is written. Values outside the table's bounds, broken
// relations and unknown names are refused, and so is a stored document that can't be read.
func (s *Store) SetValues(ctx context.Context, values settings.Values, unset []settings.Name, by Operator) (settings.Document, error) {
	return s.edit(ctx, "set values", s.operator(by, ReasonSet), func(w record.Write, p record.Present) (record.Edited, error) {
		return w.Set(p, values, unset)
	})
}

// Rollback restores the settings and topics of a former generation exactly, as a new generation with an entry in the
// journal; generation 0 is the time before the first document. It also mends a stored document that can't be read. The
// error wraps [ErrNotKept] if the journal has no such generation.
func (s *Store) Rollback(ctx context.Context, generation int64, by Operator) (settings.Document, error) {
	doing := fmt.Sprintf("roll back to generation %d", generation)
	former, err := s.former(ctx, generation)
	if err != nil {
		return settings.Document{}, fmt.Errorf("%s: %w", doing, err)
	}
	return s.edit(ctx, doing, s.operator(by, ReasonRolledBack), func(w record.Write, p record.Present) (record.Edited, error) {
		return w.Restore(p, former)
	})
}

func (s *Store) former(ctx context.Context, generation int64) (settings.Document, error) {
	if generation == 0 {
		return settings.Document{}, nil
	}
	former, ok, err := s.reader(ctx).Find(generation)
	if err == nil && !ok {
		err = fmt.Errorf("%w below %s; the history lists what is kept", ErrNotKept, s.keys.journal(""))
	}
	return former, err
}

func (s *Store) operator(by Operator, reason tuner.Reason) record.Write {
	return record.Write{App: s.opts.App, Who: by.Who, Why: by.Why, Now: time.Now(), Reason: reason}
}

// edit writes what change makes of the present document, over whatever is present when it is written.
func (s *Store) edit(ctx context.Context, doing string, w record.Write, change func(record.Write, record.Present) (record.Edited, error)) (settings.Document, error) {
	if err := w.Check(); err != nil {
		return settings.Document{}, fmt.Errorf("%s: %w", doing, err)
	}
	var edited record.Edited
	err := s.overwrite(ctx, doing, func(p record.Present) ([]clientv3.Op, error) {
		var err error
		edited, err = change(w, p)
		if err != nil || !edited.Changed {
			return nil, err
		}
		return s.writes(edited.Encoded), nil
	})
	if err != nil {
		return settings.Document{}, err
	}
	return edited.Document, nil
}

// overwrite reads what is present, asks what to write, and writes it if nothing has changed meanwhile; otherwise it
// begins again. Nothing to write ends it.
func (s *Store) overwrite(ctx context.Context, doing string, what func(record.Present) ([]clientv3.Op, error)) error {
	var err error
	for range operatorTries {
		if err = s.overwriteOnce(ctx, doing, what); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return err
}

func (s *Store) overwriteOnce(ctx context.Context, doing string, what func(record.Present) ([]clientv3.Op, error)) error {
	key := s.keys.settings()
	resp, err := s.get(ctx, doing+": read", key, clientv3.OpGet(key), clientv3.OpGet(s.keys.tuner()), s.newestEntry())
	if err != nil {
		return err
	}
	present := record.Present{Settings: only(resp, 0).GetValue(), Tuner: only(resp, 1).GetValue()}
	if newest := s.raws(all(resp, 2)); len(newest) > 0 {
		present.Newest = newest[0]
	}
	ops, err := what(present)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", doing, key, err)
	}
	if len(ops) == 0 {
		return nil
	}
	err = s.swap(ctx, doing, key, only(resp, 0).GetModRevision(), ops)
	if err == nil {
		s.trim(ctx)
	}
	return err
}

// swap writes if the key is still at the revision.
func (s *Store) swap(ctx context.Context, doing, key string, revision int64, ops []clientv3.Op) error {
	var resp *clientv3.TxnResponse
	err := s.request(ctx, doing+": write", key, func(ctx context.Context, client *clientv3.Client) error {
		var err error
		resp, err = client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).Then(ops...).Commit()
		return err
	})
	if err == nil && !resp.Succeeded {
		err = fmt.Errorf("%s in %s, read at revision %d: %w", doing, key, revision, ErrConflict)
	}
	return err
}
