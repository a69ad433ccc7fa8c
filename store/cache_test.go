package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// cached is a server with a store that caches.
type cached struct {
	*testing.T
	server *etcdtest.Server
	opts   store.Options
	logs   *observer.ObservedLogs
	store  *store.Store
	anna   store.Operator
}

func newCached(t *testing.T) *cached {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	c := &cached{T: t, server: etcdtest.Start(t), logs: logs, anna: store.Operator{Who: "anna"}}
	c.opts = options("hunt", c.server.Endpoints()...)
	c.opts.CacheFile = filepath.Join(t.TempDir(), "settings.json")
	c.opts.Logger = zap.New(core)
	c.store = open(t, c.opts)
	return c
}

// watch watches with a client of its own, as a process that starts does.
func (c *cached) watch() (updates <-chan settings.Update, stop func()) {
	c.Helper()
	s := open(c, c.opts)
	out := make(chan settings.Update, 100)
	return out, run(c.T, func(ctx context.Context) error { return s.Watch(ctx, func(u settings.Update) { out <- u }) })
}

func (c *cached) set(linger int64) settings.Document {
	c.Helper()
	d, err := c.store.SetValues(c.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(linger)}, nil, c.anna)
	require.NoError(c, err)
	return d
}

// prepare lets a watcher cache a document and leaves the server stopped.
func (c *cached) prepare() settings.Document {
	c.Helper()
	d := c.set(20)
	updates, stop := c.watch()
	require.Equal(c, settings.Update{Document: d}, <-updates)
	require.Eventually(c, func() bool { _, err := os.Stat(c.opts.CacheFile); return err == nil }, soon, time.Millisecond)
	stop()
	c.server.Stop()
	return d
}

func TestAStartWhileEtcdIsAwayUsesTheCachedDocument(t *testing.T) {
	c := newCached(t)
	d := c.prepare()
	updates, _ := c.watch()
	require.Equal(t, settings.Update{Document: d, Cached: true}, <-updates)
	c.server.Restart()
	require.Equal(t, settings.Update{Document: d}, <-updates, "etcd confirms it")
	next := c.set(40)
	require.Equal(t, settings.Update{Document: next}, <-updates)
}

func TestADamagedCacheIsRefusedAndPassedOver(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"a part is missing":   func(b []byte) []byte { return b[:len(b)/2] },
		"a digit has changed": func(b []byte) []byte { return []byte(strings.Replace(string(b), `linger.ms":20`, `linger.ms":30`, 1)) },
		"it is empty":         func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCached(t)
			d := c.prepare()
			content, err := os.ReadFile(c.opts.CacheFile)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(c.opts.CacheFile, damage(content), 0o600))

			updates, _ := c.watch()
			damaged := func() int { return c.logs.FilterMessage("the cached settings are passed over").Len() }
			require.Eventually(t, func() bool { return damaged() == 1 }, soon, time.Millisecond)
			require.Contains(t, c.logs.FilterMessage("the cached settings are passed over").All()[0].ContextMap()["error"], c.opts.CacheFile)
			require.Empty(t, updates)
			c.server.Restart()
			require.Equal(t, settings.Update{Document: d}, <-updates)
		})
	}
}

func TestADeletedDocumentIsForgottenByTheCache(t *testing.T) {
	c := newCached(t)
	d := c.set(20)
	updates, _ := c.watch()
	require.Equal(t, settings.Update{Document: d}, <-updates)
	_, err := c.server.Client().Delete(t.Context(), key("settings"))
	require.NoError(t, err)
	require.Equal(t, settings.Update{}, <-updates)
	require.Eventually(t, func() bool { _, err := os.Stat(c.opts.CacheFile); return os.IsNotExist(err) }, soon, time.Millisecond)
	left, err := os.ReadDir(filepath.Dir(c.opts.CacheFile))
	require.NoError(t, err)
	require.Empty(t, left, "no temporary file is left")
}

func TestACacheThatCannotBeWrittenIsLoggedAndNoMore(t *testing.T) {
	c := newCached(t)
	c.opts.CacheFile = filepath.Join(t.TempDir(), "missing", "settings.json")
	d := c.set(20)
	updates, _ := c.watch()
	require.Equal(t, settings.Update{Document: d}, <-updates)
	require.Eventually(t, func() bool { return c.logs.FilterMessage("the settings are not cached").Len() == 1 }, soon, time.Millisecond)
	next := c.set(40)
	require.Equal(t, settings.Update{Document: next}, <-updates)
}

func TestAStrangersCacheIsPassedOver(t *testing.T) {
	c := newCached(t)
	c.prepare()
	c.opts.App = "other"
	updates, _ := c.watch()
	require.Eventually(t, func() bool { return c.logs.FilterMessage("the cached settings are passed over").Len() == 1 }, soon, time.Millisecond)
	require.Empty(t, updates)
}
