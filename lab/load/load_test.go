package load

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func plain(h http.Handler) http.Handler { return h }

// options are for a short time of traffic of all kinds.
func options(t *testing.T, url string) Options {
	t.Helper()
	phases, err := lab.ParseProfile("calm:1s@100,spike:1s@200")
	require.NoError(t, err)
	mix, err := ParseMix("claim=60,move=20,leaderboard=10,join=5,create=5")
	require.NoError(t, err)
	return Options{URLs: []string{url}, Phases: phases, Mix: mix, Streams: minHunts, Timeout: 20 * time.Second, Seed: 1}
}

// Traffic of all kinds against an engine: every request is answered and counted in its phase, its second and its kind, streams
// hear what happens, and what was acknowledged is on the leaderboards.
func TestTrafficIsAnsweredAndCounted(t *testing.T) {
	o := options(t, serve(t, plain))
	var progress bytes.Buffer
	o.Out = &progress
	r, err := Run(t.Context(), o)
	require.NoError(t, err)

	require.Len(t, r.Phases, 2)
	require.Equal(t, "spike", r.Phases[1].Name)
	require.EqualValues(t, 100, r.Phases[0].Requests)
	require.EqualValues(t, 200, r.Phases[1].Requests)
	require.Len(t, r.Seconds, 2)
	require.EqualValues(t, 200, r.Seconds[1].Requests)
	var sum int64
	for _, f := range r.Phases[1].Kinds {
		require.Positive(t, f.P99Ms)
		require.LessOrEqual(t, f.P50Ms, f.P99Ms)
		sum += f.Requests
	}
	require.Len(t, r.Phases[1].Kinds, len(kinds()))
	require.EqualValues(t, 200, sum)
	require.Equal(t, map[lab.Outcome]int64{lab.OutcomeOK: 200}, r.Phases[1].ByOutcome)
	require.Empty(t, r.Errors)
	require.Positive(t, r.Check.Acknowledged)
	require.Positive(t, r.Followers.Events)
	require.Zero(t, r.Followers.Broken)
	require.NoError(t, r.Err(Limits{P99: time.Minute, FailedPercent: 0}))
	require.ErrorContains(t, r.Err(Limits{P99: time.Microsecond, FailedPercent: -1}), "phase calm: the p99 of claims is")

	require.Contains(t, progress.String(), "calm")
	var text, written bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "leaderboard")
	require.NoError(t, r.WriteJSON(&written))
	var back Result
	require.NoError(t, json.Unmarshal(written.Bytes(), &back))
	require.Equal(t, r.Phases, back.Phases)
}

// What goes wrong is told apart: what is late, what is turned away, and what no engine should answer, by its class.
func TestWhatGoesWrongIsCountedByClass(t *testing.T) {
	var n atomic.Int64
	spoil := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/claims") {
				h.ServeHTTP(w, r)
				return
			}
			switch n.Add(1) {
			case 1:
				w.WriteHeader(http.StatusGatewayTimeout)
			case 2, 3:
				w.WriteHeader(http.StatusServiceUnavailable)
			case 4:
				w.WriteHeader(http.StatusNotFound)
			case 5:
				w.WriteHeader(http.StatusInternalServerError)
			case 6:
				w.WriteHeader(http.StatusOK) // a win that nobody knows of
			default:
				h.ServeHTTP(w, r)
			}
		})
	}
	o := options(t, serve(t, spoil))
	o.Mix, o.Streams = Mix{Claim: 1}, 0
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	calm := r.Phases[0].ByOutcome
	require.EqualValues(t, 1, calm[lab.OutcomeTimeout])
	require.EqualValues(t, 2, calm[lab.OutcomeOverload])
	require.EqualValues(t, 2, calm[lab.OutcomeError])
	require.Equal(t, map[string]int64{"claim: status 404": 1, "claim: status 500": 1}, r.Errors)
	err = r.Err(Limits{FailedPercent: 2})
	require.ErrorContains(t, err, "unexpected answers: 1 × claim: status 404, 1 × claim: status 500")
	require.ErrorContains(t, err, "phase calm: 3.00 % of the requests had no answer in time, the limit is 2 %")
	require.ErrorContains(t, err, "1 acknowledged results are lost")
}

// A stream that breaks is opened again where it ended.
func TestAFollowerComesBack(t *testing.T) {
	var asked []string
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		switch len(asked) {
		case 1:
			_, _ = w.Write([]byte("id: 7\nevent: won\ndata: {}\n\n"))
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			_, _ = w.Write([]byte("event: reset\ndata: {}\n\nid: 9\nevent: won\ndata: {}\n\n"))
			_ = http.NewResponseController(w).Flush()
			close(release)
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	f := newFollowers(1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.run(ctx, []string{server.URL})
	}()
	<-release
	require.Eventually(t, func() bool { return f.events.Load() == 2 }, time.Minute, time.Millisecond)
	stop()
	<-done
	require.Equal(t, []string{"", "7", "7"}, asked)
	require.Equal(t, Followers{Streams: 1, Events: 2, Broken: 2, Gaps: 1, Refused: 1}, f.result())
}

func TestAMixIsKindsAndShares(t *testing.T) {
	m, err := ParseMix("claim=3, move=1")
	require.NoError(t, err)
	require.InDelta(t, 0.75, m.share(Claim), 0)
	for _, bad := range []string{"", "claim", "claim=-1", "claim=0", "dance=1", "claim=1,", "claim=x"} {
		_, err := ParseMix(bad)
		require.ErrorContains(t, err, "write for example claim=60", bad)
	}
}

func TestOptionsThatAreWrongAreRefused(t *testing.T) {
	good := options(t, "http://localhost:8080")
	require.NoError(t, good.Check())
	for want, spoil := range map[string]func(*Options){
		"needs an engine's URL":               func(o *Options) { o.URLs = nil },
		"phases":                              func(o *Options) { o.Phases = nil },
		`"localhost:8080" is not the URL`:     func(o *Options) { o.URLs = []string{"localhost:8080"} },
		`"ftp://localhost:1" is not the URL`:  func(o *Options) { o.URLs = []string{"ftp://localhost:1"} },
		"-1 streams and a timeout of 20s: ne": func(o *Options) { o.Streams = -1 },
	} {
		o := good
		spoil(&o)
		_, err := Run(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
}
