package live

import (
	"context"
	"errors"
	"sync"
)

// pollState is what the poll form needs.
type pollState struct {
	// arrived gets a token when something was fetched of any partition.
	arrived chan struct{}
	// released gets a token when the application has done what it had in hand.
	released chan struct{}
	polling  sync.Mutex // held by the Poll that runs

	mu   sync.Mutex // guards the fields below
	hand *part      // what Poll returned last is of this partition; nil if nothing is in hand
	next int64      // the offset behind it
	turn int        // where to look first, so that every partition gets its turn
}

func newPollState() pollState {
	return pollState{arrived: make(chan struct{}, 1), released: make(chan struct{}, 1)}
}

// Poll returns the next records, all of one partition, in their order; it blocks until there are some, or ctx ends.
// What the Poll before returned counts as handled when it is called. The first call joins the group. It fails with
// [ErrClosed] after Close, and with the reason if the consumer had to end. Calls wait for each other.
func (c *Consumer) Poll(ctx context.Context) ([]Record, error) {
	if c.opts.Handler != nil {
		return nil, errors.New("a consumer with a Handler hands its records to it; leave Handler nil to use Poll")
	}
	c.poll.polling.Lock()
	defer c.poll.polling.Unlock()
	if err := c.startPolling(); err != nil {
		return nil, err
	}
	c.release()
	for {
		if records := c.takeAny(); records != nil {
			return records, nil
		}
		select {
		case <-c.poll.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.done:
			if c.err != nil {
				return nil, c.err
			}
			return nil, ErrClosed
		}
	}
}

// startPolling starts the background work with the first Poll.
func (c *Consumer) startPolling() error {
	c.mu.Lock()
	started := c.started && !c.closed
	c.mu.Unlock()
	if started {
		return nil
	}
	life, err := c.start(context.Background())
	if err != nil {
		return err
	}
	go c.live(life) // Close waits for c.done.
	return nil
}

// takeAny takes what has waited longest, partition by partition in turn; nil if nothing waits.
func (c *Consumer) takeAny() []Record {
	s := c.currentSession()
	if s == nil {
		return nil
	}
	c.poll.mu.Lock()
	defer c.poll.mu.Unlock()
	for i := range s.parts {
		at := (c.poll.turn + i) % len(s.parts)
		p := s.parts[at]
		for {
			got, ok := p.inbox.take()
			if !ok {
				break
			}
			if len(got.records) == 0 {
				p.done(got.next)
				continue
			}
			c.poll.hand, c.poll.next, c.poll.turn = p, got.next, at+1
			p.metrics.handOut(got.records)
			return got.records
		}
	}
	return nil
}

// release notes that the application has handled what Poll returned last, and returns the session that it belongs to,
// nil if nothing was in hand. lost says that the session is over, so that it can't be committed.
func (c *Consumer) release() (s *session, lost bool) {
	c.poll.mu.Lock()
	defer c.poll.mu.Unlock()
	p := c.poll.hand
	if p == nil {
		return nil, false
	}
	c.poll.hand = nil
	select {
	case <-p.session.finished:
		return p.session, true
	default:
	}
	p.done(c.poll.next)
	signal(c.poll.released)
	return p.session, false
}

// awaitHand waits until the application has handled what it has in hand of s, by its next Poll or Commit, or until
// ctx ends, or there won't be a next Poll.
func (c *Consumer) awaitHand(ctx context.Context, s *session) {
	for c.holds(s) {
		select {
		case <-c.poll.released:
		case <-ctx.Done():
			return
		case <-s.life.quit.Done():
			return
		}
	}
}

func (c *Consumer) holds(s *session) bool {
	c.poll.mu.Lock()
	defer c.poll.mu.Unlock()
	return c.poll.hand != nil && c.poll.hand.session == s
}
