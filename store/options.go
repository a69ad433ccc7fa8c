package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Options say which application is kept where. Beside App and Endpoints everything has a default.
type Options struct {
	// App is the application's name: 1 to 200 letters, digits, and . _ : @ -
	App string
	// Endpoints are the URLs of the etcd cluster's members, all http or all https; "host:port" means http, or https
	// where TLS is set.
	Endpoints []string
	// Username is etcd's user; empty means no authentication by name. Its password is the first line of PasswordFile,
	// which is read again when etcd refuses the one before.
	Username, PasswordFile string
	// TLS is for https endpoints.
	TLS TLSOptions
	// DialTimeout bounds one attempt to connect and log in; 5 s.
	DialTimeout time.Duration
	// RequestTimeout bounds one request to etcd, within the caller's context; 5 s.
	RequestTimeout time.Duration
	// CacheFile holds the last good document for a start while etcd is away. Empty: none is kept.
	CacheFile string
	// Logger takes what no caller is told: watches that lose etcd and find it again. Nil: nothing is logged.
	Logger *zap.Logger
	// JournalLimit is the number of journal entries that are kept, at least 1; 10000.
	JournalLimit int
	// InstanceTTL is how long an instance that is not heard of stays listed, in whole seconds from 1 s; 15 s.
	InstanceTTL time.Duration
	// LeaderTTL is how long a leader that is not heard of stays leader, in whole seconds from 1 s; 10 s.
	LeaderTTL time.Duration
	// RelistEvery is the longest time between two full reads of the document under a watch; 60 s.
	RelistEvery time.Duration
}

// TLSOptions are PEM files. Those of the client certificate are read again at every handshake, so that it may be renewed.
type TLSOptions struct {
	// CAFile holds the authorities that the server's certificate is checked against; empty means the system's.
	CAFile string
	// CertFile and KeyFile are the client's certificate; both or neither.
	CertFile, KeyFile string
	// ServerName is the name that the server's certificate must be for; empty means the endpoint's host.
	ServerName string
}

func (o Options) withDefaults() Options {
	fill(&o.DialTimeout, 5*time.Second)
	fill(&o.RequestTimeout, 5*time.Second)
	fill(&o.JournalLimit, 10000)
	fill(&o.InstanceTTL, 15*time.Second)
	fill(&o.LeaderTTL, 10*time.Second)
	fill(&o.RelistEvery, time.Minute)
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return o
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate returns all complaints joined, each a sentence with the remedy.
func (o Options) validate() error {
	errs := []error{checkName("app", o.App), o.validateEndpoints(), o.validateAccess()}
	for _, d := range []struct {
		name       string
		value, min time.Duration
	}{
		{"dial timeout", o.DialTimeout, time.Millisecond},
		{"request timeout", o.RequestTimeout, time.Millisecond},
		{"instance TTL", o.InstanceTTL, time.Second},
		{"leader TTL", o.LeaderTTL, time.Second},
		{"relist every", o.RelistEvery, 10 * time.Millisecond},
	} {
		if d.value < d.min {
			errs = append(errs, fmt.Errorf("%s is %s: use at least %s", d.name, d.value, d.min))
		}
	}
	if o.InstanceTTL%time.Second != 0 || o.LeaderTTL%time.Second != 0 {
		errs = append(errs, fmt.Errorf("instance TTL %s and leader TTL %s must be whole seconds: etcd's leases are", o.InstanceTTL, o.LeaderTTL))
	}
	if o.JournalLimit < 1 {
		errs = append(errs, fmt.Errorf("journal limit is %d: keep at least 1 entry", o.JournalLimit))
	}
	return errors.Join(errs...)
}

func (o Options) validateEndpoints() error {
	if len(o.Endpoints) == 0 {
		return errors.New("no etcd endpoint is given: name at least one, as in http://etcd:2379")
	}
	var errs []error
	schemes := make(map[string]bool, 1)
	for _, e := range o.Endpoints {
		scheme, err := o.scheme(e)
		errs = append(errs, err)
		schemes[scheme] = true
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		return err
	case len(schemes) > 1:
		return fmt.Errorf("endpoints %s mix http and https: one client speaks one of them", strings.Join(o.Endpoints, ", "))
	case schemes["http"] && o.TLS.set():
		return fmt.Errorf("endpoints %s are plain http although TLS is configured: use https", strings.Join(o.Endpoints, ", "))
	}
	return nil
}

func (o Options) scheme(endpoint string) (string, error) {
	full := endpoint
	switch {
	case strings.Contains(endpoint, "://"):
	case o.TLS.set():
		full = "https://" + endpoint
	default:
		full = "http://" + endpoint
	}
	u, err := url.Parse(full)
	if err != nil || u.Hostname() == "" || u.Port() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("endpoint %q is not of the form http://host:2379 or https://host:2379", endpoint)
	}
	return u.Scheme, nil
}

func (o Options) validateAccess() error {
	switch {
	case (o.Username == "") != (o.PasswordFile == ""):
		return errors.New("a user name and a password file are needed together: give both or neither")
	case (o.TLS.CertFile == "") != (o.TLS.KeyFile == ""):
		return errors.New("a client certificate and its key are needed together: give both files or neither")
	}
	return nil
}

func (t TLSOptions) set() bool { return t != TLSOptions{} }
