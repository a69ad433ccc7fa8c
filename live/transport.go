package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// metadataTTL bounds how long the transport uses metadata that nobody complained about. kafka-go draws each
	// pause from 0 to this.
	metadataTTL = 5 * time.Second
	// idleTimeout is Kafka's connections.max.idle.ms.
	idleTimeout = 9 * time.Minute
	dialTimeout = 5 * time.Second
)

// ownTransport is a kafka.Transport that can be closed for good: kafka-go's own waits for its requests to time out.
type ownTransport struct {
	*kafka.Transport
	dialer net.Dialer

	mu     sync.Mutex // guards conns and closed
	conns  map[net.Conn]struct{}
	closed bool
}

func newOwnTransport(clientID string) *ownTransport {
	t := &ownTransport{dialer: net.Dialer{Timeout: dialTimeout}, conns: make(map[net.Conn]struct{})}
	t.Transport = &kafka.Transport{
		Dial: t.dial, DialTimeout: dialTimeout, IdleTimeout: idleTimeout, MetadataTTL: metadataTTL, ClientID: clientID,
	}
	return t
}

// dial keeps hold of every connection.
func (t *ownTransport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := t.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	held := &heldConn{Conn: c, transport: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	t.conns[held] = struct{}{}
	return held, nil
}

// close ends every connection, in use or not.
func (t *ownTransport) close() {
	t.CloseIdleConnections()
	t.mu.Lock()
	t.closed = true
	conns := t.conns
	t.conns = nil
	t.mu.Unlock()
	for c := range conns {
		_ = c.(*heldConn).Conn.Close()
	}
}

// heldConn is let go when it is closed.
type heldConn struct {
	net.Conn
	transport *ownTransport
}

// Close closes the connection and forgets it.
func (c *heldConn) Close() error {
	c.transport.mu.Lock()
	delete(c.transport.conns, c)
	c.transport.mu.Unlock()
	return c.Conn.Close()
}

// brokerAddr makes one address of brokers, for kafka-go to begin with any of them. It splits elements at commas, since
// kafka-go panics on an element that holds several.
func brokerAddr(brokers []string) (net.Addr, error) {
	var all []string
	for _, list := range brokers {
		for b := range strings.SplitSeq(list, ",") {
			b = strings.TrimSpace(b)
			if _, _, err := net.SplitHostPort(b); err != nil {
				return nil, fmt.Errorf("broker %q is not host:port: %w", b, err)
			}
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no broker is named; give at least one as host:port")
	}
	return kafka.TCP(all...), nil
}
