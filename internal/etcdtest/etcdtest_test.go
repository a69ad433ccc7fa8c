package etcdtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/etcdtest"
)

func TestServerKeepsItsDataOverARestart(t *testing.T) {
	server := etcdtest.Start(t)
	client := server.Client()
	_, err := client.Put(t.Context(), "k", "v")
	require.NoError(t, err)

	server.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = client.Get(ctx, "k")
	require.Error(t, err)

	server.Restart()
	resp, err := client.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Len(t, resp.Kvs, 1)
}
