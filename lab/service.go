package lab

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Service is what a broker needs to serve one request. An in-memory broker answers in no time, so that no setting
// would matter to it; with a Service in front, requests cost what they cost a real one: each a fixed share, each byte
// a little, one after the other.
type Service struct {
	// PerProduce and PerFetch are the fixed time of one request of the kind; other requests cost nothing.
	PerProduce, PerFetch time.Duration
	// PerKiB is the time of each KiB of a produce request.
	PerKiB time.Duration
}

// Kafka's numbers of the two requests that move records.
const (
	apiProduce = 0
	apiFetch   = 1
)

func (s Service) cost(api int16, size int) time.Duration {
	switch api {
	case apiProduce:
		return s.PerProduce + time.Duration(size)*s.PerKiB/1024
	case apiFetch:
		return s.PerFetch
	}
	return 0
}

// station is the queue in front of one broker: it serves one request at a time, in the order of their arrival.
type station struct {
	produced, fetched atomic.Int64 // requests that came

	mu      sync.Mutex
	service Service
	free    time.Time // when the last accepted request is done
}

// set makes every request cost what service says from now on.
func (s *station) set(service Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service = service
}

// serve waits until a request that arrived now has been served.
func (s *station) serve(api int16, size int) {
	switch api {
	case apiProduce:
		s.produced.Add(1)
	case apiFetch:
		s.fetched.Add(1)
	}
	s.mu.Lock()
	cost := s.service.cost(api, size)
	if cost == 0 {
		s.mu.Unlock()
		return
	}
	now := time.Now()
	if s.free.Before(now) {
		s.free = now
	}
	s.free = s.free.Add(cost)
	wait := s.free.Sub(now)
	s.mu.Unlock()
	time.Sleep(wait)
}

// stationListener puts a station in front of every connection that it accepts.
type stationListener struct {
	net.Listener
	station *station
}

func (l stationListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &stationConn{Conn: c, station: l.station}, nil
}

// stationConn hands the broker one request at a time, after its service: a Kafka request is a length of 4 bytes, then
// that many bytes, which begin with the number of the API.
type stationConn struct {
	net.Conn
	station *station
	ready   []byte // the rest of the request that has been served
}

// maxRequest bounds what a connection may announce; Kafka's own limit is socket.request.max.bytes, 100 MiB.
const maxRequest = 100 << 20

// Read returns bytes of requests that have been served, and waits for the next one's service if there are none.
func (c *stationConn) Read(p []byte) (int, error) {
	if len(c.ready) == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

func (c *stationConn) next() error {
	var length [4]byte
	if _, err := io.ReadFull(c.Conn, length[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size < 2 || size > maxRequest {
		return io.ErrUnexpectedEOF
	}
	request := make([]byte, 4+int(size))
	copy(request, length[:])
	if _, err := io.ReadFull(c.Conn, request[4:]); err != nil {
		return err
	}
	c.station.serve(int16(binary.BigEndian.Uint16(request[4:6])), int(size))
	c.ready = request
	return nil
}
