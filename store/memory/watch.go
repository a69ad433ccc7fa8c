package memory

import (
	"context"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

// Watch calls apply with the present document and then with every newer one that is still the newest when apply is
// free; it returns nil when ctx ends. While the store is away it is silent.
func (s *Store) Watch(ctx context.Context, apply func(settings.Update)) error {
	sequence := record.Sequence{App: s.app}
	for {
		state, ok, changed := s.look()
		if ok {
			for _, u := range sequence.Listed(state) {
				apply(u)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// look returns the document as it is; ok is false while the store is away. Changed is closed at the next change.
func (s *Store) look() (state record.State, ok bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.keys[settingsKey]
	return record.State{Revision: s.revision, Created: v.created, Modified: v.modified, Value: v.data}, !s.away, s.changed
}
