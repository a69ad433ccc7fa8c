package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/dashboards"
)

func TestEveryDashboardIsWritten(t *testing.T) {
	dir := t.TempDir()
	require.ErrorContains(t, run(dir), "write a dashboard", "the folder is missing")
	require.NoError(t, os.Mkdir(filepath.Join(dir, dashboards.Folder), 0o755))
	require.NoError(t, run(dir))
	for _, name := range []string{"veltrix-overview", "veltrix-kafka-client"} {
		want, err := os.ReadFile(filepath.Join("..", "..", dashboards.Folder, name+".json"))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, dashboards.Folder, name+".json"))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}
