package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBinariesLinkOnlyWhatTheyNeed(t *testing.T) {
	for _, b := range binaries() {
		t.Run(b.command, func(t *testing.T) {
			linked := strings.Fields(string(list(t, "-deps", "./"+b.command)))
			for _, ban := range b.bans {
				for _, path := range linked {
					require.False(t, matches(path, ban.packages), "%s links %s, but %s; find the way with `go list -deps -f '{{.ImportPath}}: {{.Imports}}'`", b.command, path, ban.why)
				}
			}
		})
	}
}

// Where servers are linked, the patterns must match: misspelt ones would prove nothing above.
func TestBansMatchWhereServersAreLinked(t *testing.T) {
	linked := strings.Fields(string(list(t, "-deps", "./internal/promserver", "./internal/etcdtest", "github.com/twmb/franz-go/pkg/kfake")))
	for _, pattern := range []string{
		"go.etcd.io/etcd/server/...", "go.etcd.io/bbolt/...", "go.etcd.io/raft/...", "github.com/twmb/franz-go/pkg/kfake/...",
		"github.com/prometheus/prometheus/promql", "github.com/prometheus/prometheus/tsdb", "github.com/prometheus/prometheus/scrape",
	} {
		require.True(t, slices.ContainsFunc(linked, func(path string) bool { return matches(path, []string{pattern}) }), pattern)
		require.Contains(t, servers().packages, pattern)
	}
}
