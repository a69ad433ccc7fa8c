package freeport_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/freeport"
)

// The ports differ, nobody listens on them, and no outgoing connection gets one of them.
func TestPortsAreFreeAndStayFree(t *testing.T) {
	ports, err := freeport.Find(20)
	require.NoError(t, err)
	require.Len(t, ports, 20)
	seen := map[int]bool{}
	for _, port := range ports {
		require.False(t, seen[port])
		seen[port] = true
		require.Less(t, port, 32768)
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		require.NoError(t, err)
		defer l.Close()
	}
	again, err := freeport.Find(200)
	require.NoError(t, err)
	for _, port := range again {
		require.False(t, seen[port], "port %d is taken", port)
	}
}
