// Package freeport finds ports for servers of tests and of the lab that must be told theirs before they listen, or that
// come back to it after a restart.
//
// A port that the system hands out (":0") is one of those from which it also serves outgoing connections: until the server
// listens, and while it restarts, any connection of any process may get it, and the server doesn't start. These ports are
// from below that range (Linux: /proc/sys/net/ipv4/ip_local_port_range, from 32768; others begin at 49152).
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
)

// The ports are from first up to, and without, last.
const (
	first = 20000
	last  = 32768
)

// Find returns n different ports of 127.0.0.1 that nobody listened on a moment ago. They begin at a random one, so that two
// processes that look at the same time hardly find the same. It returns an error if there are not as many.
func Find(n int) ([]int, error) {
	ports := make([]int, 0, n)
	at := rand.IntN(last - first) //nolint:gosec // no secret
	for range last - first {
		if len(ports) == n {
			return ports, nil
		}
		port := first + at
		at = (at + 1) % (last - first)
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for a free port: %w", err)
		}
		if err := l.Close(); err != nil {
			return nil, fmt.Errorf("look for a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("look for %d free ports from %d to %d of 127.0.0.1: only %d are free", n, first, last-1, len(ports))
}

// Address returns a free HOST:PORT, see [Find].
func Address() (string, error) {
	ports, err := Find(1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0]), nil
}
