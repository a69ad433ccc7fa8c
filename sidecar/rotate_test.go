package sidecar

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lines are never torn over two files, and the oldest file goes.
func TestAFullLogIsRotated(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	r, err := openRotating(name, 10, 2)
	require.NoError(t, err)
	for _, line := range []string{"aaaaaa\n", "bbbbbb\n", "cc\n", "dddddd\n", "eeeeee\n"} {
		_, err := r.Write([]byte(line))
		require.NoError(t, err)
	}
	require.NoError(t, r.Close())
	for file, want := range map[string]string{name: "eeeeee\n", name + ".1": "dddddd\n", name + ".2": "bbbbbb\ncc\n"} {
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, want, string(got), file)
	}
	_, err = os.Stat(name + ".3")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A log that exists is gone on with.
func TestAnOldLogIsGoneOnWith(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(name, []byte("old\n"), 0o600))
	r, err := openRotating(name, 100, 2)
	require.NoError(t, err)
	_, err = r.Write([]byte("new\n"))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "old\nnew\n", string(got))
}
