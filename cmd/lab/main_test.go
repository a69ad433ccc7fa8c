package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/process"
)

// What is wrong with the command line is said at once, with what to write instead; nothing is started.
func TestUsageErrorsComeBeforeAnythingStarts(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"dance"}, `unknown command "dance"`},
		{[]string{"demo", "--speed", "9"}, "unknown flag: --speed"},
		{[]string{"demo", "--profile", "calm:30s"}, "write NAME:DURATION@RATE"},
	} {
		code, _, stderr := try(c.args...)
		require.Equal(t, process.ExitUsage, code, c.args)
		require.Contains(t, stderr, c.want)
	}
}

// A part that can't be had ends the run with its reason.
func TestAPartThatIsNoneIsNamed(t *testing.T) {
	for _, c := range []struct{ flag, value, want string }{
		{"--kafka", "nonsense", "neither fake, nor real, nor a list of HOST:PORT"},
		{"--etcd", "nonsense", "neither embedded nor a URL"},
	} {
		code, _, stderr := try("demo", c.flag, c.value)
		require.Equal(t, process.ExitFailed, code)
		require.Contains(t, stderr, c.want)
	}
}

func TestHelpShowsExamples(t *testing.T) {
	code, stdout, _ := try("demo", "--help")
	require.Equal(t, process.ExitOK, code)
	require.Contains(t, stdout, "go run ./cmd/lab demo --kafka real --prometheus real")
}

func try(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}
