package jmeter_test

import (
	"context"
	"encoding/csv"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/internal/kafkaserver"
	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

//nolint:gochecknoglobals // a flag of the test binary
var profile = flag.String("profile", "calm:10s@30,spike:10s@90", "the phases of TestThePlanFindsNothingUnexpected")

// serve runs an engine on an in-memory Kafka, behind what wrap makes of its handler.
func serve(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(kafka.Close)
	runtime, err := live.NewRuntime(live.RuntimeOptions{
		ClientID: "engine", Registerer: prometheus.NewRegistry(),
		Base: settings.Values{settings.ProducerLingerMs: settings.Number(1), settings.ConsumerFetchMaxWaitMs: settings.Number(100)},
	})
	require.NoError(t, err)
	e, err := engine.New(engine.Options{Brokers: kafka.ListenAddrs(), Runtime: runtime, Instance: "one", Partitions: 2, Deadline: 10 * time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	server := httptest.NewServer(wrap(e.Handler()))
	t.Cleanup(server.Close)
	require.Eventually(t, e.Ready, time.Minute, 10*time.Millisecond)
	return server.URL
}

// play runs the plan, and returns the folder with its results, and Maven's words.
func play(t *testing.T, url, phases string) (dir, output string, err error) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: it takes a minute")
	}
	kafkatest.Need(t, kafkaserver.Available())
	dir = t.TempDir()
	cmd := exec.CommandContext(t.Context(), "mvn", "--batch-mode", "--no-transfer-progress", "verify",
		"-Dhunt.url="+url, "-Dhunt.profile="+phases, "-Dhunt.out="+dir)
	out, err := cmd.CombinedOutput()
	return dir, string(out), err
}

// samples counts the results by label and status.
func samples(t *testing.T, dir string) map[string]map[string]int {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "jmeter", "results", "hunt.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	counts := map[string]map[string]int{}
	for _, row := range rows[1:] {
		label, status := row[column["label"]], row[column["responseCode"]]
		if counts[label] == nil {
			counts[label] = map[string]int{}
		}
		counts[label][status]++
	}
	return counts
}

// JMeter plays its phases against an engine and finds nothing unexpected; there is a report for people.
func TestThePlanFindsNothingUnexpected(t *testing.T) {
	url := serve(t, func(h http.Handler) http.Handler { return h })
	dir, output, err := play(t, url, *profile)
	require.NoError(t, err, output)
	counts := samples(t, dir)
	t.Log(counts)
	for _, label := range []string{"claim", "guess", "move", "leaderboard", "join"} {
		require.NotEmpty(t, counts[label], label)
	}
	require.Positive(t, counts["claim"]["200"])
	require.Positive(t, counts["guess"]["422"])
	require.Equal(t, map[string]int{"201": 8}, counts["enter"])
	reports, err := filepath.Glob(filepath.Join(dir, "jmeter", "reports", "*", "index.html"))
	require.NoError(t, err)
	require.Len(t, reports, 1)
}

// One answer with an unexpected status among many fails the build.
func TestAnUnexpectedStatusFailsThePlan(t *testing.T) {
	var moves atomic.Int64
	url := serve(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/moves") && moves.Add(1) == 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	dir, output, err := play(t, url, "calm:3s@30")
	require.Error(t, err, output)
	require.Equal(t, 1, samples(t, dir)["move"]["503"])
}
