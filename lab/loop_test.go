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

// With Apache Kafka, the prometheus binary and etcd's own server, over a day with a spike, a slow broker and one that is
// restarted: beside kafka-go's own clients under the same engine, more is answered and less times out, the objective is
// kept at the end, no setting swings, and neither loses anything.
func TestTheLoopHealsADayWithEverythingReal(t *testing.T) {
	kafkatest.Need(t, kafkaserver.Available())
	kafkatest.Need(t, promserver.Available())
	if testing.Short() && os.Getenv(kafkatest.RequireReal) != "1" {
		t.Skip("skipped under -short: it plays for some minutes")
	}
	phases, err := lab.ParseProfile("calm:20s@50,spike:25s@250,slow:20s@50/slow,restart:25s@50/restart,calm at last:25s@50")
	require.NoError(t, err)
	o := lab.DefaultProof()
	o.Linger, o.Rounds = nil, 1
	o.Run.Phases, o.Run.Out, o.Run.Dir = phases, t.Output(), t.TempDir()
	// Far below the second that a claim takes as found, and far above what a busy machine adds to a healed one.
	o.Run.P99, o.Run.TimeoutPercent = 500*time.Millisecond, 2

	r, err := lab.Proof(t.Context(), o)
	require.NoError(t, err)
	r.Table(t.Output())
	require.NoError(t, r.Err())
	require.Len(t, r.Arms, 2)
	stock, veltrix := r.Arms[0], r.Arms[1]
	require.Equal(t, "stock", stock.Name)
	var before, after, late, seldom float64
	for i := range veltrix.Phases {
		before += stock.Phases[i].Throughput
		after += veltrix.Phases[i].Throughput
		late += stock.Phases[i].Timeouts
		seldom += veltrix.Phases[i].Timeouts
		require.LessOrEqual(t, veltrix.Phases[i].Reversals, 3.0, "a setting swings")
	}
	require.Greater(t, after, before)
	require.Less(t, seldom, late)
	require.Positive(t, veltrix.Phases[0].Changes)
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
