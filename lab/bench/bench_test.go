package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/veltrix/veltrix/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fakeKafka(t *testing.T) *lab.Kafka {
	t.Helper()
	k, err := lab.StartKafka(t.Context(), "fake", lab.Service{}, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Stop()) })
	return k
}

// A short comparison of producers: every client takes part in every scenario, nothing fails, and live is compared with
// each of the others.
func TestProducersAreCompared(t *testing.T) {
	var out bytes.Buffer
	const short = 100 * time.Millisecond
	r, err := Producers(t.Context(), ProducerOptions{
		Kafka: fakeKafka(t), Partitions: []int{2}, Callers: []int{8}, Rates: []float64{200}, Async: true, Change: true,
		Duration: 3 * short, Search: short, Rounds: 2, Out: &out,
	})
	require.NoError(t, err)
	const each = 2
	require.Len(t, r.Runs, each*(4+4+2)+each*2)
	for _, run := range r.Runs {
		require.Zero(t, run.Errors, "%s, %s", run.Name, run.Client)
		require.Positive(t, run.Throughput, "%s, %s", run.Name, run.Client)
		require.Positive(t, run.RequestsPerS, "%s, %s", run.Name, run.Client)
		require.Equal(t, run.Mode != Async, run.P99Ms > 0, "%s, %s", run.Name, run.Client)
	}
	require.Len(t, r.Ratios, 3+3+1)
	for _, text := range []string{"closed-8-callers-2-partitions", "franz-go", "writer-best", "steady", "changing"} {
		require.Contains(t, out.String(), text)
	}
	t.Log(out.String())
	requireContract(t, r)
}

// A short comparison of consumers.
func TestConsumersAreCompared(t *testing.T) {
	var out bytes.Buffer
	r, err := Consumers(t.Context(), ConsumerOptions{
		Kafka: fakeKafka(t), Partitions: []int{2}, Records: 60000, Rate: 100, Duration: 300 * time.Millisecond, Rounds: 1, Out: &out,
	})
	require.NoError(t, err)
	require.Len(t, r.Runs, 3+3)
	for _, run := range r.Runs {
		require.Positive(t, run.Throughput, "%s, %s", run.Name, run.Client)
		require.Equal(t, run.Mode == Trickle, run.P99Ms > 0, "%s, %s", run.Name, run.Client)
	}
	require.Len(t, r.Ratios, 4)
	t.Log(out.String())
}

// requireContract checks the names that readers of the file rely on.
func requireContract(t *testing.T, r *Result) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "out.json")
	require.NoError(t, r.Write(file))
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var got struct {
		Environment map[string]any
		Runs        []map[string]any
	}
	require.NoError(t, json.Unmarshal(b, &got))
	require.NotEmpty(t, got.Environment["kafka"])
	for _, name := range []string{
		"name", "client", "params", "partitions", "mode", "callers", "rate", "throughput_per_s", "p50_ms", "p99_ms", "max_ms",
		"errors", "dropped", "requests_per_s", "client_cpu_s", "allocs_per_record",
	} {
		require.Contains(t, got.Runs[0], name)
	}
}

// In an open loop a client isn't better for having lost records.
func TestWhoLosesRecordsIsNotFaster(t *testing.T) {
	kept := Run{Mode: Open, Throughput: 1000, P99Ms: 50}
	lost := Run{Mode: Open, Throughput: 900, P99Ms: 5, Dropped: 100}
	require.True(t, better(kept, lost))
	require.False(t, better(lost, kept))
	require.True(t, better(Run{Mode: Open, Throughput: 1000, P99Ms: 40}, kept))
	require.True(t, better(Run{Mode: Closed, Throughput: 2, P99Ms: 9}, Run{Mode: Closed, Throughput: 1, P99Ms: 1}))
}

func TestMediansOfRounds(t *testing.T) {
	runs := []Run{
		{Name: "a", Client: Live, Throughput: 30, P99Ms: 1, Errors: 1},
		{Name: "a", Client: Live, Throughput: 10, P99Ms: 9},
		{Name: "a", Client: Live, Throughput: 20, P99Ms: 2},
		{Name: "a", Client: Franz, Throughput: 10, P99Ms: 6},
		{Name: "b", Client: Live},
	}
	m, ok := median(runs, "a", Live)
	require.True(t, ok)
	require.InDelta(t, 20, m.Throughput, 0)
	require.InDelta(t, 2, m.P99Ms, 0)
	require.Equal(t, int64(1), m.Errors)
	_, ok = median(runs, "b", Franz)
	require.False(t, ok)
	all := ratios(runs)
	require.Len(t, all, 1)
	require.InDelta(t, 2, all[0].Throughput, 0)
	require.InDelta(t, 3, all[0].P99, 0)
}

// What Kafka's own tool prints is read by its last line, which leaves the warm-up out.
func TestJavasFiguresAreRead(t *testing.T) {
	const out = `250 records sent, 50.0 records/sec (0.01 MB/sec), 4.2 ms avg latency, 220.0 ms max latency.
2000 records sent, 1234.5 records/sec (0.24 MB/sec), 4.40 ms avg latency, 221.00 ms max latency, 3 ms 50th, 12 ms 95th, 50 ms 99th, 70 ms 99.9th.
1000 steady state records sent, 2469.1 records/sec (0.47 MB/sec), 2.20 ms avg latency, 80.00 ms max latency, 2 ms 50th, 6 ms 95th, 9 ms 99th, 12 ms 99.9th.
`
	var run Run
	require.NoError(t, readJava(out, &run))
	require.Equal(t, Run{Throughput: 2469.1, MaxMs: 80, P50Ms: 2, P99Ms: 9}, run)
	require.ErrorContains(t, readJava("nothing of the kind", &run), "no steady state")
}
