package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMutants lists what is tried of a small file: conditions, guards and edges, and nothing else.
func TestMutants(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.go"), []byte(`package a

func f(x int, words ...string) int {
	if x < 3 {
		return 1
	}
	switch {
	case x == 4:
		x++
	}
	switch x {
	case 5:
	}
	return x
}
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a_test.go"), []byte("package a\nvar _ = 1 < 2\n"), 0o600))
	all, err := mutantsOf(dir)
	require.NoError(t, err)
	var said []string
	for _, m := range all {
		said = append(said, m.String())
	}
	require.Equal(t, []string{
		"a.go:4: inverted: x < 3", "a.go:4: deleted: x < 3", "a.go:4: edge: x < 3", "a.go:8: inverted: x == 4",
	}, said)
}
