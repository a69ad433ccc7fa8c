package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/process"
)

func TestWrongTrafficIsAUsageError(t *testing.T) {
	for _, c := range []struct{ flag, value, want string }{
		{"--profile", "calm", "write NAME:DURATION@RATE"},
		{"--mix", "dance=1", "write for example claim=60"},
		{"--format", "xml", "write text or json"},
		{"--url", "localhost", "is not the URL of an engine"},
		{"--streams", "-1", "neither may be negative"},
		{"--dance", "1", "unknown flag: --dance"},
	} {
		code, _, stderr := try("load", c.flag, c.value)
		require.Equal(t, process.ExitUsage, code, c.flag)
		require.Contains(t, stderr, c.want)
	}
}
