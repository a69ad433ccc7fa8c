package live

import (
	"context"
	"net"
	"sync"

	"github.com/segmentio/kafka-go"
)

// connections holds every connection that was dialled through it, so that all of them can be ended at once, whatever
// waits on them: kafka-go's own goodbye waits for answers that may never come.
type connections struct {
	dialer func(ctx context.Context, network, address string) (net.Conn, error)
	ctx    context.Context //nolint:containedctx // ends the dials that close must not wait for
	cancel context.CancelFunc

	mu   sync.Mutex // guards open, and that nothing is added after the end
	open map[*memberConn]struct{}
}

// newConnections returns an empty set; dial may be nil.
func newConnections(dial func(ctx context.Context, network, address string) (net.Conn, error)) *connections {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	s := &connections{dialer: dial, open: make(map[*memberConn]struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// dial opens a connection and keeps hold of it.
func (s *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	c, err := s.dialer(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	held := &memberConn{Conn: c, set: s}
	s.open[held] = struct{}{}
	return held, nil
}

// close ends every connection and dial, now and later. Calling it again does nothing.
func (s *connections) close() {
	s.cancel()
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for c := range open {
		_ = c.Conn.Close()
	}
}

// memberConn leaves its set when it is closed.
type memberConn struct {
	net.Conn
	set *connections
}

// Close closes the connection and forgets it.
func (c *memberConn) Close() error {
	c.set.mu.Lock()
	delete(c.set.open, c)
	c.set.mu.Unlock()
	return c.Conn.Close()
}

// fetchTransport returns a transport whose connections are in s, with the dialer's TLS and SASL; d may be nil.
func fetchTransport(s *connections, clientID string, d *kafka.Dialer) *kafka.Transport {
	t := &kafka.Transport{
		Dial: s.dial, DialTimeout: dialTimeout, IdleTimeout: idleTimeout, MetadataTTL: metadataTTL, ClientID: clientID,
	}
	if d != nil {
		t.TLS, t.SASL = d.TLS, d.SASLMechanism
	}
	return t
}

// groupDialer returns a dialer like d, whose connections are in s; d may be nil.
func groupDialer(s *connections, clientID string, d *kafka.Dialer) *kafka.Dialer {
	own := kafka.Dialer{Timeout: dialTimeout}
	if d != nil {
		own = *d
	}
	own.DialFunc = s.dial
	if own.ClientID == "" {
		own.ClientID = clientID
	}
	return &own
}

// dialFunc returns how d opens connections, nil if that is the usual way.
func dialFunc(d *kafka.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	if d == nil {
		return nil
	}
	return d.DialFunc
}
