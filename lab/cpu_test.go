package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCPUTimeIsReadFromProc(t *testing.T) {
	const stat = "4242 (a (b) c) S 1 4242 4242 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 30 0 100 0 0"
	require.InDelta(t, 2.0, cpuOf(stat), 1e-9)
	require.Zero(t, cpuOf("nonsense"))
}
