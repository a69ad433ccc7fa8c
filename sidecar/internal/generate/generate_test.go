package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePageIsFresh(t *testing.T) {
	dir := filepath.Join("..", "..")
	want, err := generate(dir)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, page))
	require.NoError(t, err)
	require.Equal(t, want, string(got), "docs/configuration.md is stale: run `go generate ./sidecar`")
}

// Every key is explained, those of nested structs and of the tuner's limits too.
func TestEveryKeyIsExplained(t *testing.T) {
	text, err := generate(filepath.Join("..", ".."))
	require.NoError(t, err)
	for _, want := range []string{
		"| `app` | text | `app` is the application's name", "## prometheus\n", "## etcd.tls_config\n", "| `rule_files` | list of [below](#rule_files) |",
		"| `cooldown` | duration | `cooldown` is the least time between two changes of one setting; 30 s.",
	} {
		require.Contains(t, text, want)
	}
}

// A field without a comment is an error, not an empty line.
func TestAFieldWithoutACommentIsRefused(t *testing.T) {
	_, err := write(map[string]*section{root: {fields: []field{{name: "App", key: "app", kind: "text"}}}})
	require.ErrorContains(t, err, "Config.App has no key or no comment")
}
