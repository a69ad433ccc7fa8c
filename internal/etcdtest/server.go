package etcdtest

import (
	"errors"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/internal/freeport"
)

// readyWithin bounds the start of a server, which takes well below a second on an idle machine.
const readyWithin = time.Minute

// Options say how a server differs from a plain one.
type Options struct {
	// Fsync makes writes durable, as production does. Off, a test doesn't wait for the disk.
	Fsync bool
	// Certificates make the server speak TLS and ask for a client certificate. Nil: plain HTTP.
	Certificates *Certificates
	// Logger takes the server's log; nil drops it.
	Logger *zap.Logger
}

// Server is one member with its data in a directory of the test's. Its methods fail the test on any error; they are
// for one goroutine at a time.
type Server struct {
	t      testing.TB
	opts   Options
	dir    string
	client url.URL
	peer   url.URL
	wire   *Wire
	etcd   *embed.Etcd
}

// Start starts a plain server, which is stopped at the end of the test.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartWith(t, Options{})
}

// StartWith starts a server with options.
func StartWith(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	scheme := "http"
	if o.Certificates != nil {
		scheme = "https"
	}
	s := &Server{
		t: t, opts: o, dir: t.TempDir(),
		client: url.URL{Scheme: scheme, Host: freeAddress(t)}, peer: url.URL{Scheme: "http", Host: freeAddress(t)},
	}
	s.start()
	t.Cleanup(s.Stop)
	s.wire = NewWire(t, s.Address())
	return s
}

// Endpoints are the URLs for clients. They stay the same over a restart. They lead over a wire, so that a stop doesn't
// wait for clients to hang up.
func (s *Server) Endpoints() []string {
	u := s.client
	u.Host = s.wire.Address()
	return []string{u.String()}
}

// Direct are the URLs without the wire, for measurements.
func (s *Server) Direct() []string { return []string{s.client.String()} }

// Address is the host and port that the server listens on.
func (s *Server) Address() string { return s.client.Host }

// Stop stops the server and keeps its data. Stopping twice is fine.
func (s *Server) Stop() {
	if s.etcd == nil {
		return
	}
	s.wire.Cut()
	s.etcd.Close()
	s.etcd = nil
}

// Restart starts a stopped server again, or stops and starts a running one, with the same data and address.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.start()
	s.wire.Mend(s.t)
}

// Client returns a client of etcd's own, closed at the end of the test.
func (s *Server) Client() *clientv3.Client {
	s.t.Helper()
	require.Nil(s.t, s.opts.Certificates, "a TLS server's client needs certificates: make one in the test")
	client, err := clientv3.New(clientv3.Config{Endpoints: s.Endpoints(), Logger: zap.NewNop()})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, client.Close()) })
	return client
}

func (s *Server) start() {
	s.t.Helper()
	var etcd *embed.Etcd
	retryBind(s.t, func() (err error) {
		etcd, err = embed.StartEtcd(s.config())
		return err
	})
	s.etcd = etcd
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		require.NoError(s.t, err, "start etcd at %s", s.client.Host)
	case <-time.After(readyWithin):
		require.Fail(s.t, "etcd is not ready", "at %s within %s", s.client.Host, readyWithin)
	}
}

// config is a single member. Its short ticks let leases be as short as one second.
func (s *Server) config() *embed.Config {
	c := embed.NewConfig()
	c.Dir = s.dir
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{s.client}, []url.URL{s.client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{s.peer}, []url.URL{s.peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.TickMs, c.ElectionMs = 50, 500
	c.UnsafeNoFsync = !s.opts.Fsync
	c.BcryptCost = 4 // The least that bcrypt allows: tests guard no secrets.
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(s.opts.Logger)
	if t := s.opts.Certificates; t != nil {
		c.ClientTLSInfo.CertFile, c.ClientTLSInfo.KeyFile = t.ServerCertFile, t.ServerKeyFile
		c.ClientTLSInfo.TrustedCAFile, c.ClientTLSInfo.ClientCertAuth = t.CAFile, true
	}
	return c
}

// retryBind repeats a listen for a while if the address is taken: a port that is to be used again may have been lent to
// an outgoing connection meanwhile.
func retryBind(t testing.TB, listen func() error) {
	t.Helper()
	for end := time.Now().Add(readyWithin); ; time.Sleep(100 * time.Millisecond) {
		err := listen()
		if err == nil {
			return
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(end) {
			require.NoError(t, err)
		}
	}
}

// freeAddress returns an address that nobody listens on now.
func freeAddress(t testing.TB) string {
	t.Helper()
	addr, err := freeport.Address()
	require.NoError(t, err)
	return addr
}
