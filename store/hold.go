package store

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/veltrix/veltrix/store/internal/record"
	"github.com/veltrix/veltrix/tuner"
)

// SetHold places a hold, in place of the present one if there is one, and journals it. Who is required; a missing
// Since becomes now; an Until that is over is refused. A commit on a snapshot from before the hold is a conflict.
func (s *Store) SetHold(ctx context.Context, h tuner.Hold) error {
	data, err := record.EncodeHold(h, time.Now())
	if err != nil {
		return fmt.Errorf("hold in %s: %w", s.keys.hold(), err)
	}
	w := s.operator(Operator{Who: h.Who, Why: h.Why}, ReasonHeld)
	return s.note(ctx, "hold", w, record.DescribeHold(h), clientv3.OpPut(s.keys.hold(), string(data)))
}

// Release ends the hold and journals it; without a hold it does nothing.
func (s *Store) Release(ctx context.Context, by Operator) error {
	w := s.operator(by, ReasonReleased)
	if err := w.Check(); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	resp, err := s.get(ctx, "read", s.keys.hold(), clientv3.OpGet(s.keys.hold(), clientv3.WithKeysOnly()))
	if err != nil || only(resp, 0) == nil {
		return err
	}
	return s.note(ctx, "release", w, "", clientv3.OpDelete(s.keys.hold()))
}

// note does what changes no document, and journals it in the same transaction.
func (s *Store) note(ctx context.Context, doing string, w record.Write, detail string, op clientv3.Op) error {
	return s.overwrite(ctx, doing, func(p record.Present) ([]clientv3.Op, error) {
		encoded, err := w.Note(p, detail)
		if err != nil {
			return nil, err
		}
		return append(s.writes(encoded), op), nil
	})
}
