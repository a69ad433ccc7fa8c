package deploy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkaserver"
	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/internal/promserver"
)

// The whole stack comes up in the order of its dependencies, each service with its own command, files and health check. Only
// Grafana can't: there is none on this machine.
func TestTheStackRuns(t *testing.T) {
	kafkatest.Need(t, kafkaserver.Available())
	kafkatest.Need(t, promserver.Available())
	s := newStack(t)
	s.once("secrets")
	s.up("etcd")
	s.once("etcd-users")
	require.Contains(t, s.once("etcd-users"), "on already", "it may run again")
	s.up("kafka")
	s.up("prometheus")
	for _, service := range []string{"hunt-1", "hunt-2", "veltrix-1", "veltrix-2"} {
		s.up(service)
	}
	require.Contains(t, s.once("ctl"), "hunt-engine")
}
