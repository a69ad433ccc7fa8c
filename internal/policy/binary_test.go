package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBinariesLinkOnlyWhatTheyNeed(t *testing.T) {
	for _, b := range binaries() {
		t.Run(b.command, func(t *testing.T) {
			for linked := range strings.FieldsSeq(string(list(t, "-deps", "./"+b.command))) {
				if matches(linked, b.packages) {
					require.Fail(t, "a package too many", "%s links %s, but %s; `go list -deps` and `go mod why` show the way", b.command, linked, b.why)
				}
			}
		})
	}
}

// If the lab didn't match, the patterns would be misspelt and the test above would prove nothing.
func TestLabLinksWhatTheSidecarMustNot(t *testing.T) {
	linked := strings.Fields(string(list(t, "-deps", "./internal/promserver", "./internal/etcdtest", "github.com/twmb/franz-go/pkg/kfake")))
	for _, pattern := range []string{
		"go.etcd.io/etcd/server/...", "go.etcd.io/bbolt/...", "go.etcd.io/raft/...", "github.com/twmb/franz-go/pkg/kfake/...",
		"github.com/prometheus/prometheus/promql", "github.com/prometheus/prometheus/tsdb", "github.com/prometheus/prometheus/scrape",
	} {
		require.True(t, matchesAny(linked, pattern), pattern)
		require.Contains(t, binaries()[0].packages, pattern)
	}
}

func matchesAny(paths []string, pattern string) bool {
	for _, p := range paths {
		if matches(p, []string{pattern}) {
			return true
		}
	}
	return false
}
