package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/veltrix/veltrix/store"
)

// candidate is one candidacy; it ends with its lease and is never elected again.
type candidate struct {
	id   string
	term store.Term
	// elected is closed when the candidate leads.
	elected chan struct{}
	// end ends the context of the candidacy.
	end context.CancelFunc
}

// Campaign calls lead each time that id is elected, until ctx ends; see the store on etcd.
func (s *Store) Campaign(ctx context.Context, id string, lead func(ctx context.Context, t store.Term) error) error {
	for ctx.Err() == nil {
		lease, end := context.WithCancel(ctx)
		c := s.stand(id, end)
		again, err := c.serve(lease, lead)
		s.resign(c)
		if !again {
			return err
		}
	}
	return nil
}

// serve waits for the election and leads. Again says that the lease or ctx ended, and not lead by its own will.
func (c *candidate) serve(ctx context.Context, lead func(context.Context, store.Term) error) (again bool, err error) {
	select {
	case <-ctx.Done():
		return true, nil
	case <-c.elected:
	}
	err = lead(ctx, c.term)
	return ctx.Err() != nil || errors.Is(err, store.ErrNotLeader), err
}

func (s *Store) stand(id string, end context.CancelFunc) *candidate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	c := &candidate{
		id: id, elected: make(chan struct{}), end: end,
		term: store.Term{Key: fmt.Sprintf("leader/%x", s.revision), Revision: s.revision},
	}
	s.candidates = append(s.candidates, c)
	s.elect()
	return c
}

func (s *Store) resign(c *candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dismiss(c)
}

// dismiss takes c out of the election; it may be out already.
func (s *Store) dismiss(c *candidate) {
	c.end()
	i := slices.Index(s.candidates, c)
	if i < 0 {
		return
	}
	s.revision++
	s.candidates = slices.Delete(s.candidates, i, i+1)
	s.elect()
}

// elect tells the first candidate that it leads.
func (s *Store) elect() {
	if len(s.candidates) == 0 {
		return
	}
	select {
	case <-s.candidates[0].elected:
	default:
		close(s.candidates[0].elected)
	}
}

// Leader returns the ID of the candidate that leads; empty if nobody does.
func (s *Store) Leader(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reachable(ctx, "read the leader"); err != nil {
		return "", err
	}
	if len(s.candidates) == 0 {
		return "", nil
	}
	return s.candidates[0].id, nil
}
