package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon bounds whatever must happen by itself.
const soon = 30 * time.Second

var _ storetest.Store = (*store.Store)(nil)

// options are a plain client's.
func options(app string, endpoints ...string) store.Options {
	return store.Options{App: app, Endpoints: endpoints, JournalLimit: storetest.JournalLimit}
}

// shortLeased is with leases that a test can wait for.
func shortLeased(o store.Options) store.Options {
	o.InstanceTTL, o.LeaderTTL = 3*time.Second, 3*time.Second
	return o
}

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestConformance(t *testing.T) {
	server := etcdtest.Start(t)
	var apps atomic.Int64
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		return harness(t, server, fmt.Sprintf("app-%d", apps.Add(1)))
	})
}

func harness(t *testing.T, server *etcdtest.Server, app string) storetest.Harness {
	t.Helper()
	admin := server.Client()
	key := func(name string) string { return "/veltrix/v1/apps/" + app + "/" + name }
	revoke := func(t testing.TB, name string, opts ...clientv3.OpOption) {
		resp, err := admin.Get(t.Context(), key(name), opts...)
		require.NoError(t, err)
		require.Len(t, resp.Kvs, 1)
		_, err = admin.Revoke(t.Context(), clientv3.LeaseID(resp.Kvs[0].Lease))
		require.NoError(t, err)
	}
	return storetest.Harness{
		App:  app,
		Open: func(t testing.TB) storetest.Store { return open(t, options(app, server.Endpoints()...)) },
		Put: func(t testing.TB, name string, data []byte) {
			_, err := admin.Put(t.Context(), key(name), string(data))
			require.NoError(t, err)
		},
		Delete: func(t testing.TB, name string) {
			_, err := admin.Delete(t.Context(), key(name))
			require.NoError(t, err)
		},
		Compact: func(t testing.TB) {
			resp, err := admin.Get(t.Context(), key("settings"))
			require.NoError(t, err)
			_, err = admin.Compact(t.Context(), resp.Header.Revision)
			require.NoError(t, err)
		},
		ExpireInstance: func(t testing.TB, id string) { revoke(t, "instances/"+id) },
		ExpireLeader:   func(t testing.TB) { revoke(t, "leader/", clientv3.WithFirstCreate()...) },
		Stop:           func(testing.TB) { server.Stop() },
		Start:          func(testing.TB) { server.Restart() },
	}
}

// key is a key of the application hunt.
func key(parts ...string) string { return "/veltrix/v1/apps/hunt/" + strings.Join(parts, "/") }
