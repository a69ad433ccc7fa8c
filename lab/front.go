package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/veltrix/veltrix/process"
)

// front stands before a broker as a TCP proxy: it counts the requests that the broker gets, whoever sends them, and can
// make each cost time, as if the broker had become slow. Toxiproxy delays bytes; a slow broker serves one request after
// the other, so that fewer requests are a cure, which is what is to be seen.
type front struct {
	listener net.Listener
	backend  string
	station  *station

	mu    sync.Mutex // guards conns
	conns map[net.Conn]struct{}
	open  sync.WaitGroup
}

// newFront reserves an address; serve begins to accept.
func newFront() (*front, error) {
	l, err := process.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &front{listener: l, station: &station{}, conns: map[net.Conn]struct{}{}}, nil
}

// addr is what clients dial, and what the broker advertises.
func (f *front) addr() string { return f.listener.Addr().String() }

// serve passes connections on to backend until close.
func (f *front) serve(backend string) {
	f.backend = backend
	f.open.Go(func() {
		for {
			client, err := f.listener.Accept()
			if err != nil {
				return
			}
			f.open.Go(func() { f.pass(client) })
		}
	})
}

// pass connects a client to the broker. While that is away the client sees its connection end, as it would without a proxy.
func (f *front) pass(client net.Conn) {
	defer client.Close()
	broker, err := net.Dial("tcp", f.backend) //nolint:noctx // to this machine
	if err != nil {
		return
	}
	defer broker.Close()
	if !f.hold(client, broker) {
		return
	}
	defer f.drop(client, broker)
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(client, broker)
		_ = client.Close()
	})
	_, _ = io.Copy(broker, &stationConn{Conn: client, station: f.station})
	_ = broker.Close()
	answers.Wait()
}

func (f *front) hold(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		return false
	}
	for _, c := range conns {
		f.conns[c] = struct{}{}
	}
	return true
}

func (f *front) drop(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		delete(f.conns, c)
	}
}

// close ends every connection and waits for them.
func (f *front) close() error {
	err := f.listener.Close()
	f.mu.Lock()
	for c := range f.conns {
		err = errors.Join(err, ignoreClosed(c.Close()))
	}
	f.conns = nil
	f.mu.Unlock()
	f.open.Wait()
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
