package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

// member is one call of Join.
type member struct {
	report []byte
	// expired is closed by the lever that ends the lease.
	expired chan struct{}
}

// Join publishes the newest report of the instance id until ctx ends, and then withdraws it. It re-joins after its
// lease was ended by [Store.ExpireInstance].
func (s *Store) Join(ctx context.Context, id string, reports <-chan settings.Report) error {
	var newest *settings.Report
	for ctx.Err() == nil {
		m := &member{expired: make(chan struct{})}
		if err := s.hold(ctx, id, m, &newest, &reports); err != nil {
			return fmt.Errorf("join as %s: %w", id, err)
		}
		s.withdraw(id, m)
	}
	return nil
}

// hold publishes reports under one lease until it or ctx ends.
func (s *Store) hold(ctx context.Context, id string, m *member, newest **settings.Report, reports *<-chan settings.Report) error {
	for {
		if *newest != nil {
			data, err := record.EncodeReport(s.app, id, **newest)
			if err != nil {
				return err
			}
			s.publish(id, m, data)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.expired:
			return nil
		case r, ok := <-*reports:
			if !ok {
				*reports = nil
				continue
			}
			*newest = &r
		}
	}
}

func (s *Store) publish(id string, m *member, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.report = data
	s.members[id] = m
}

func (s *Store) withdraw(id string, m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members[id] == m {
		delete(s.members, id)
	}
}

// Instances returns the reports of the instances that are alive, by ID.
func (s *Store) Instances(ctx context.Context) ([]settings.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reachable(ctx, "read instances"); err != nil {
		return nil, err
	}
	reports := make([]settings.Report, 0, len(s.members))
	for id, m := range s.members {
		reports = append(reports, record.DecodeReport(s.app, id, m.report))
	}
	slices.SortFunc(reports, func(a, b settings.Report) int { return strings.Compare(a.ID, b.ID) })
	return reports, nil
}
