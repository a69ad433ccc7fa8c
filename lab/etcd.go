package lab

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// Etcd is a server that the lab uses.
type Etcd struct {
	// What names it for people.
	What string
	// Endpoints are its URLs.
	Endpoints []string

	stop func() error
}

// Stop stops what the lab started.
func (e *Etcd) Stop() error {
	if e.stop == nil {
		return nil
	}
	return e.stop()
}

// etcdReadyWithin bounds the start of the embedded server, which takes well below a second on an idle machine.
const etcdReadyWithin = time.Minute

// StartEtcd makes etcd available: "embedded" is etcd's own server inside this process with its data in dir, and
// anything else are the URLs (separated by commas) of one that runs already.
func StartEtcd(which, dir string) (*Etcd, error) {
	if which != "embedded" {
		if !strings.HasPrefix(which, "http://") && !strings.HasPrefix(which, "https://") {
			return nil, fmt.Errorf("--etcd %q is neither embedded nor a URL", which)
		}
		return &Etcd{What: "etcd at " + which, Endpoints: strings.Split(which, ",")}, nil
	}
	server, err := embed.StartEtcd(etcdConfig(dir))
	if err != nil {
		return nil, fmt.Errorf("start the embedded etcd: %w", err)
	}
	stop := func() error {
		server.Close()
		return nil
	}
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		return nil, errors.Join(fmt.Errorf("start the embedded etcd: %w", err), stop())
	case <-time.After(etcdReadyWithin):
		return nil, errors.Join(fmt.Errorf("the embedded etcd was not ready within %s", etcdReadyWithin), stop())
	}
	endpoint := "http://" + server.Clients[0].Addr().String()
	return &Etcd{What: "etcd inside this process", Endpoints: []string{endpoint}, stop: stop}, nil
}

// etcdConfig is a single member on free ports of the loopback interface.
func etcdConfig(dir string) *embed.Config {
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	c := embed.NewConfig()
	c.Dir = dir
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{anyPort}, []url.URL{anyPort}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.LogLevel = "panic"
	c.LogOutputs = []string{"/dev/null"}
	return c
}
