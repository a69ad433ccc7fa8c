package etcdtest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Wire is a network between one client and a server that can be cut: connections break, and new ones are refused
// until it is mended. Its methods are safe for concurrent use.
type Wire struct {
	address, target string
	running         sync.WaitGroup

	mu       sync.Mutex // guards everything below
	listener net.Listener
	open     map[net.Conn]struct{}
}

// NewWire returns a mended wire to the address; it is cut at the end of the test.
func NewWire(t testing.TB, target string) *Wire {
	t.Helper()
	w := &Wire{address: freeAddress(t), target: target, open: make(map[net.Conn]struct{})}
	w.Mend(t)
	t.Cleanup(w.Cut)
	return w
}

// Address is the host and port of the client's end.
func (w *Wire) Address() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.address
}

// Mend lets connections through again, at the same address.
func (w *Wire) Mend(t testing.TB) {
	t.Helper()
	var config net.ListenConfig
	var l net.Listener
	retryBind(t, func() (err error) {
		l, err = config.Listen(context.Background(), "tcp", w.Address())
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener, w.address = l, l.Addr().String()
	w.running.Go(func() { w.accept(l) })
}

// Cut breaks every connection, refuses new ones, and waits until nothing is copied any more.
func (w *Wire) Cut() {
	w.mu.Lock()
	if w.listener != nil {
		_ = w.listener.Close()
		w.listener = nil
	}
	for c := range w.open {
		_ = c.Close()
	}
	w.mu.Unlock()
	w.running.Wait()
}

func (w *Wire) accept(l net.Listener) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		var dialer net.Dialer
		far, err := dialer.Dial("tcp", w.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.join(near, far)
	}
}

// join copies in both directions until one side closes.
func (w *Wire) join(near, far net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener == nil {
		_ = errors.Join(near.Close(), far.Close())
		return
	}
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		from, to := pair[0], pair[1]
		w.open[from] = struct{}{}
		w.running.Go(func() {
			_, _ = io.Copy(to, from)
			_ = errors.Join(near.Close(), far.Close())
			w.mu.Lock()
			defer w.mu.Unlock()
			delete(w.open, from)
		})
	}
}
