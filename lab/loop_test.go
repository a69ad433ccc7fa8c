package lab_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkaserver"
	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/internal/promserver"
	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/settings"
)

// With nothing but Go, the loop brings the players' latency back into its objective.
func TestTheLoopHealsTheSpike(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped under -short: it plays for more than a minute")
	}
	o := lab.DefaultDemo()
	heals(t, o, "calm:25s@60,spike:35s@300,calm:20s@60")
}

// The same with Apache Kafka, the prometheus binary and etcd's own server.
func TestTheLoopHealsTheSpikeWithEverythingReal(t *testing.T) {
	kafkatest.Need(t, kafkaserver.Available())
	kafkatest.Need(t, promserver.Available())
	if testing.Short() && os.Getenv(kafkatest.RequireReal) != "1" {
		t.Skip("skipped under -short: it plays for more than a minute")
	}
	o := lab.DefaultDemo()
	o.Kafka, o.Prometheus = "real", "real"
	heals(t, o, "calm:30s@60,spike:40s@300,calm:20s@60")
}

// heals runs the demonstration and asserts direction and safety, not times: the objectives are met in the end, a rule
// moved the settings, every live instance runs the newest document, the journal says why, and nothing is lost.
func heals(t *testing.T, o lab.DemoOptions, profile string) {
	t.Helper()
	phases, err := lab.ParseProfile(profile)
	require.NoError(t, err)
	o.Phases, o.Out, o.Dir = phases, t.Output(), t.TempDir()
	// Far below the second that a claim takes as found, and far above what a busy machine adds to a healed one.
	o.P99, o.TimeoutPercent = 500*time.Millisecond, 2

	r, err := lab.Demo(t.Context(), o)
	require.NoError(t, err)
	r.Table(t.Output())
	require.NoError(t, r.Write(filepath.Join(t.TempDir(), "result.json")))

	require.NoError(t, r.Err())
	require.Less(t, r.End[settings.ProducerLingerMs].Int(), r.Start[settings.ProducerLingerMs].Int())
	require.NotEmpty(t, r.Decisions)
	require.NotEmpty(t, r.Decisions[0].Rule, "the first change was made by a rule")
	for _, d := range r.Decisions {
		require.NotEmpty(t, d.Reason)
		require.NotEmpty(t, d.Steps)
		require.NotEmpty(t, d.Evidence.Objectives)
	}
	require.Len(t, r.Instances, 2)
	require.Positive(t, r.Check.Acknowledged)
	require.Greater(t, r.AsFound.TimeoutPct, r.Stretches[len(r.Stretches)-1].TimeoutPct)
}
