package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// right is a permission on one key of the application hunt, or on all below it.
type right struct {
	kind clientv3.PermissionType
	key  string
}

const (
	reads  = clientv3.PermissionType(clientv3.PermRead)
	writes = clientv3.PermissionType(clientv3.PermReadWrite)
)

// guarded is a server with authentication on: root, and hunter with the password tally-ho and the rights.
func guarded(t *testing.T, rights ...right) *etcdtest.Server {
	t.Helper()
	server := etcdtest.Start(t)
	client, ctx := server.Client(), t.Context()
	_, err := client.RoleAdd(ctx, "hunting")
	require.NoError(t, err)
	for _, r := range rights {
		end := ""
		if strings.HasSuffix(r.key, "/") {
			end = clientv3.GetPrefixRangeEnd(r.key)
		}
		_, err := client.RoleGrantPermission(ctx, "hunting", r.key, end, r.kind)
		require.NoError(t, err)
	}
	for user, access := range map[string][2]string{"root": {"secret", "root"}, "hunter": {"tally-ho", "hunting"}} {
		_, err := client.UserAdd(ctx, user, access[0])
		require.NoError(t, err)
		_, err = client.UserGrantRole(ctx, user, access[1])
		require.NoError(t, err)
	}
	_, err = client.AuthEnable(ctx)
	require.NoError(t, err)
	return server
}

func hunter(t *testing.T, server *etcdtest.Server, password string) store.Options {
	t.Helper()
	o := options("hunt", server.Endpoints()...)
	o.Username, o.PasswordFile = "hunter", file(t, password)
	return o
}

func TestTheRightsOfEachPartSuffice(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		s := open(t, hunter(t, guarded(t, right{reads, key("settings")}, right{writes, key("instances", "")}), "tally-ho\n"))
		updates := make(chan settings.Update, 1)
		reports := make(chan settings.Report, 1)
		reports <- settings.Report{Generation: 1}
		run(t, func(ctx context.Context) error { return s.Watch(ctx, func(u settings.Update) { updates <- u }) })
		stop := run(t, func(ctx context.Context) error { return s.Join(ctx, "a", reports) })
		require.Equal(t, settings.Update{}, <-updates)
		require.Eventually(t, func() bool { return len(instances(t, s)) == 1 }, soon, 5*time.Millisecond)
		stop()
		require.Empty(t, instances(t, s))
		_, err := s.Read(t.Context())
		require.ErrorContains(t, err, "may not do this")
	})
	t.Run("sidecar", func(t *testing.T) {
		s := open(t, hunter(t, guarded(t, right{writes, key("settings")}, right{writes, key("tuner")}, right{writes, key("hold")},
			right{writes, key("journal", "")}, right{writes, key("leader", "")}, right{reads, key("instances", "")}), "tally-ho"))
		require.NoError(t, s.Campaign(t.Context(), "one", func(ctx context.Context, term store.Term) error {
			return s.Commit(ctx, term, store.Change{})
		}))
		require.NoError(t, s.SetHold(t.Context(), tuner.Hold{Who: "anna"}))
		require.NoError(t, s.Release(t.Context(), store.Operator{Who: "anna"}))
		require.Empty(t, instances(t, s))
	})
	t.Run("viewer", func(t *testing.T) {
		s := open(t, hunter(t, guarded(t, right{reads, key("")}), "tally-ho"))
		_, err := s.Read(t.Context())
		require.NoError(t, err)
		_, err = s.Journal(t.Context(), store.Page{})
		require.NoError(t, err)
		_, err = s.Leader(t.Context())
		require.NoError(t, err)
		require.Empty(t, instances(t, s))
		anna := store.Operator{Who: "anna"}
		_, err = s.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(7)}, nil, anna)
		require.ErrorContains(t, err, "may not do this")
		require.ErrorContains(t, s.SetHold(t.Context(), tuner.Hold{Who: "anna"}), "may not do this")
	})
	t.Run("operator", func(t *testing.T) {
		s := open(t, hunter(t, guarded(t, right{writes, key("settings")}, right{reads, key("tuner")}, right{writes, key("hold")},
			right{writes, key("journal", "")}), "tally-ho"))
		anna := store.Operator{Who: "anna"}
		_, err := s.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(7)}, nil, anna)
		require.NoError(t, err)
		_, err = s.Rollback(t.Context(), 0, anna)
		require.NoError(t, err)
		require.NoError(t, s.SetHold(t.Context(), tuner.Hold{Who: "anna"}))
		require.NoError(t, s.Release(t.Context(), anna))
	})
}

func TestAChangedPasswordIsReadAgain(t *testing.T) {
	server := guarded(t, right{writes, key("")})
	o := hunter(t, server, "tally-ho")
	s := open(t, o)
	updates := make(chan settings.Update, 10)
	run(t, func(ctx context.Context) error { return s.Watch(ctx, func(u settings.Update) { updates <- u }) })
	require.Equal(t, settings.Update{}, <-updates)

	root := open(t, func() store.Options {
		ro := o
		ro.Username, ro.PasswordFile = "root", file(t, "secret")
		return ro
	}())
	changePassword(t, server, "yoicks")
	server.Restart() // Etcd forgets the tokens that it has given out.
	_, err := s.Read(t.Context())
	require.ErrorContains(t, err, "check them and "+o.PasswordFile)

	require.NoError(t, os.WriteFile(o.PasswordFile, []byte("yoicks\n"), 0o600))
	_, err = s.Read(t.Context())
	require.NoError(t, err)
	d, err := root.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(7)}, nil, store.Operator{Who: "anna"})
	require.NoError(t, err)
	require.Equal(t, settings.Update{Document: d}, <-updates, "the watch goes on too")
}

// changePassword changes hunter's.
func changePassword(t *testing.T, server *etcdtest.Server, password string) {
	t.Helper()
	root, err := clientv3.New(clientv3.Config{Endpoints: server.Endpoints(), Username: "root", Password: "secret", Logger: zap.NewNop()})
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	_, err = root.UserChangePassword(t.Context(), "hunter", password)
	require.NoError(t, err)
}

func TestAWrongPasswordIsSaidAtOnce(t *testing.T) {
	server := guarded(t, right{writes, key("")})
	o := hunter(t, server, "wrong")
	_, err := store.Open(t.Context(), o)
	require.ErrorContains(t, err, `etcd refuses the name or the password of user "hunter"; check them and `+o.PasswordFile)
	require.NotContains(t, err.Error(), "wrong", "a password is never shown")
}

func TestAMissingRightIsSaidWithThePrefix(t *testing.T) {
	o := hunter(t, guarded(t, right{writes, key("")}), "tally-ho")
	o.App = "other"
	s := open(t, o)
	_, err := s.Read(t.Context())
	require.ErrorContains(t, err, `user "hunter" may not do this; grant its role what it needs below /veltrix/v1/apps/other/`)
}

func TestAMissingNameIsSaid(t *testing.T) {
	s := open(t, options("hunt", guarded(t).Endpoints()...))
	_, err := s.Read(t.Context())
	require.ErrorContains(t, err, "etcd wants a user name")
}

func TestAStartWithAPasswordWhileEtcdIsAway(t *testing.T) {
	server := guarded(t, right{writes, key("")})
	server.Stop()
	o := hunter(t, server, "tally-ho")
	o.DialTimeout, o.RequestTimeout = time.Second, time.Second
	s := open(t, o)
	updates := make(chan settings.Update, 1)
	run(t, func(ctx context.Context) error { return s.Watch(ctx, func(u settings.Update) { updates <- u }) })
	var err error
	require.Eventually(t, func() bool { // The first attempt may run out of its second before it has learnt why.
		_, err = s.Read(t.Context())
		return err != nil && strings.Contains(err.Error(), "refused")
	}, time.Minute, time.Millisecond)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	server.Restart()
	require.Equal(t, settings.Update{}, <-updates)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server.Stop()
	_, err = store.Open(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTLSWithAClientCertificate(t *testing.T) {
	certificates, strangers := etcdtest.NewCertificates(t), etcdtest.NewCertificates(t)
	server := etcdtest.StartWith(t, etcdtest.Options{Certificates: certificates})
	good := options("hunt", server.Endpoints()...)
	good.RequestTimeout = 2 * time.Second
	good.TLS = store.TLSOptions{CAFile: certificates.CAFile, CertFile: certificates.ClientCertFile, KeyFile: certificates.ClientKeyFile}
	_, err := open(t, good).Read(t.Context())
	require.NoError(t, err)

	for name, c := range map[string]struct {
		change func(*store.TLSOptions)
		says   string
	}{
		"another authority":     {func(o *store.TLSOptions) { o.CAFile = strangers.CAFile }, "no TLS connection"},
		"another name":          {func(o *store.TLSOptions) { o.ServerName = "etcd.example" }, "etcd.example"},
		"no client certificate": {func(o *store.TLSOptions) { o.CertFile, o.KeyFile = "", "" }, "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			o.RequestTimeout = time.Second
			c.change(&o.TLS)
			_, err := open(t, o).Read(t.Context())
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for says, change := range map[string]func(*store.Options){
		`app "a/b" is no part of a key`:    func(o *store.Options) { o.App = "a/b" },
		`app "" is no part of a key`:       func(o *store.Options) { o.App = "" },
		"no etcd endpoint is given":        func(o *store.Options) { o.Endpoints = nil },
		`endpoint "etcd" is not of the`:    func(o *store.Options) { o.Endpoints = []string{"etcd"} },
		`endpoint "ftp://a:1" is not of`:   func(o *store.Options) { o.Endpoints = []string{"ftp://a:1"} },
		"mix http and https":               func(o *store.Options) { o.Endpoints = []string{"http://a:1", "https://b:1"} },
		"plain http although TLS":          func(o *store.Options) { o.TLS.CAFile = "ca.pem" },
		"give both or neither":             func(o *store.Options) { o.Username = "hunter" },
		"give both files or neither":       func(o *store.Options) { o.TLS.CertFile = "c.pem"; o.Endpoints = []string{"https://a:1"} },
		"must be whole seconds":            func(o *store.Options) { o.LeaderTTL = 1500 * time.Millisecond },
		"instance TTL is 500ms":            func(o *store.Options) { o.InstanceTTL = 500 * time.Millisecond },
		"journal limit is -1":              func(o *store.Options) { o.JournalLimit = -1 },
		"request timeout is -1s":           func(o *store.Options) { o.RequestTimeout = -time.Second },
		"no such file":                     func(o *store.Options) { o.Username, o.PasswordFile = "hunter", "/missing" },
		"is empty: its first line":         func(o *store.Options) { o.Username, o.PasswordFile = "hunter", os.DevNull },
		`read TLS files (authorities "/mi`: func(o *store.Options) { o.TLS.CAFile = "/missing"; o.Endpoints = []string{"https://a:1"} },
	} {
		o := options("hunt", "http://127.0.0.1:2379")
		change(&o)
		_, err := store.Open(t.Context(), o)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "open the store of")
	}
	for _, endpoint := range []string{"http://127.0.0.1:2379", "127.0.0.1:2379", "https://[::1]:2379"} {
		open(t, options("hunt", endpoint))
	}
}

func TestNamesThatAreNoPartOfAKeyAreRefused(t *testing.T) {
	s := open(t, options("hunt", "http://127.0.0.1:2379"))
	require.ErrorContains(t, s.Join(t.Context(), "a/b", nil), `instance "a/b"`)
	require.ErrorContains(t, s.Campaign(t.Context(), "", nil), `candidate ""`)
}
