package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/store/internal/record"
	"github.com/veltrix/veltrix/tuner"
)

// SetValues sets and unsets values for the whole application, as a new generation.
func (s *Store) SetValues(ctx context.Context, values settings.Values, unset []settings.Name, by store.Operator) (settings.Document, error) {
	return s.edit(ctx, "set values", s.operator(by, store.ReasonSet), func(w record.Write, p record.Present) (record.Edited, error) {
		return w.Set(p, values, unset)
	})
}

// Rollback restores the settings and topics of a former generation exactly, as a new generation; 0 is the time before
// the first.
func (s *Store) Rollback(ctx context.Context, generation int64, by store.Operator) (settings.Document, error) {
	what := fmt.Sprintf("roll back to generation %d", generation)
	var former settings.Document
	if generation != 0 {
		found, ok, err := s.reader(ctx, what).Find(generation)
		if err == nil && !ok {
			err = store.ErrNotKept
		}
		if err != nil {
			return settings.Document{}, fmt.Errorf("%s: %w", what, err)
		}
		former = found
	}
	return s.edit(ctx, what, s.operator(by, store.ReasonRolledBack), func(w record.Write, p record.Present) (record.Edited, error) {
		return w.Restore(p, former)
	})
}

func (s *Store) operator(by store.Operator, reason tuner.Reason) record.Write {
	return record.Write{App: s.app, Who: by.Who, Why: by.Why, Now: time.Now(), Reason: reason}
}

func (s *Store) edit(ctx context.Context, what string, w record.Write, edit func(record.Write, record.Present) (record.Edited, error)) (settings.Document, error) {
	if err := w.Check(); err != nil {
		return settings.Document{}, fmt.Errorf("%s: %w", what, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reachable(ctx, what); err != nil {
		return settings.Document{}, err
	}
	edited, err := edit(w, s.present())
	if err != nil {
		return settings.Document{}, fmt.Errorf("%s: %w", what, err)
	}
	if edited.Changed {
		s.write(func() { s.store(edited.Encoded) })
	}
	return edited.Document, nil
}

// SetHold places a hold, in place of the present one if there is one.
func (s *Store) SetHold(ctx context.Context, h tuner.Hold) error {
	now := time.Now()
	data, err := record.EncodeHold(h, now)
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	w := s.operator(store.Operator{Who: h.Who, Why: h.Why}, store.ReasonHeld)
	return s.note(ctx, "hold", w, record.DescribeHold(h), func() bool {
		s.put(holdKey, data)
		return true
	})
}

// Release ends the hold; without one it does nothing.
func (s *Store) Release(ctx context.Context, by store.Operator) error {
	w := s.operator(by, store.ReasonReleased)
	if err := w.Check(); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return s.note(ctx, "release", w, "", func() bool {
		_, held := s.keys[holdKey]
		delete(s.keys, holdKey)
		return held
	})
}

// note does what changes no document, and journals it if it changed anything.
func (s *Store) note(ctx context.Context, what string, w record.Write, detail string, do func() bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reachable(ctx, what); err != nil {
		return err
	}
	encoded, err := w.Note(s.present(), detail)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.write(func() {
		if do() {
			s.store(encoded)
		}
	})
	return nil
}
