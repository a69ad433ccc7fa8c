package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

// instance is an engine that runs behind an HTTP server, as in a process of its own.
type instance struct {
	engine  *engine.Engine
	url     string
	metrics *prometheus.Registry
	stop    func() // ends it as SIGTERM does; harmless a second time
}

// cluster starts an in-memory Kafka.
func cluster(t *testing.T) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// start runs an instance with short lingers and waits until it is ready.
func start(t testing.TB, brokers []string, id string, change func(*engine.Options)) *instance {
	t.Helper()
	i := run(t, brokers, id, change)
	require.Eventually(t, i.engine.Ready, time.Minute, 10*time.Millisecond)
	return i
}

func run(t testing.TB, brokers []string, id string, change func(*engine.Options)) *instance {
	t.Helper()
	registry := prometheus.NewRegistry()
	runtime, err := live.NewRuntime(live.RuntimeOptions{
		ClientID: id, Registerer: registry,
		Base: settings.Values{settings.ProducerLingerMs: settings.Number(1), settings.ConsumerFetchMaxWaitMs: settings.Number(100)},
	})
	require.NoError(t, err)
	o := engine.Options{
		Brokers: brokers, Runtime: runtime, Instance: id, Partitions: 3, Deadline: 30 * time.Second, Registerer: registry,
	}
	if change != nil {
		change(&o)
	}
	e, err := engine.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	server := httptest.NewServer(e.Handler())
	i := &instance{engine: e, url: server.URL, metrics: registry}
	i.stop = func() {
		server.Close()
		cancel()
		if err, ok := <-done; ok {
			close(done)
			require.NoError(t, err)
		}
	}
	t.Cleanup(i.stop)
	return i
}

// client returns an HTTP client that leaves no connection behind.
func client(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// post sends body and returns the status and the answer's fields.
func post(t testing.TB, c *http.Client, url, key string, body any) (int, map[string]any) {
	t.Helper()
	status, fields, err := send(t.Context(), c, http.MethodPost, url, key, body)
	require.NoError(t, err)
	return status, fields
}

func get(t *testing.T, c *http.Client, url string) (int, map[string]any) {
	t.Helper()
	status, fields, err := send(t.Context(), c, http.MethodGet, url, "", nil)
	require.NoError(t, err)
	return status, fields
}

// send is for any goroutine.
func send(ctx context.Context, c *http.Client, method, url, key string, body any) (int, map[string]any, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	fields := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&fields); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("read the answer: %w", err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, fields, err
}

// newHunt creates a hunt with treasures t0, t1, … and lets the players p0, p1, … join.
func newHunt(t testing.TB, c *http.Client, url string, treasures, players int) string {
	t.Helper()
	plan := map[string]any{"name": "harbour", "starts": time.Now().Add(-time.Minute), "ends": time.Now().Add(time.Hour)}
	list := make([]map[string]any, treasures)
	for i := range list {
		list[i] = map[string]any{"id": fmt.Sprint("t", i), "place": "quay", "clue": "look down", "points": 10, "answer": "anchor"}
	}
	plan["treasures"] = list
	status, made := post(t, c, url+"/v1/hunts", "", plan)
	require.Equal(t, http.StatusCreated, status, made)
	id, _ := made["id"].(string)
	for i := range players {
		status, answer := post(t, c, url+"/v1/hunts/"+id+"/players", "", map[string]any{"player": fmt.Sprint("p", i), "name": "somebody"})
		require.Equal(t, http.StatusCreated, status, answer)
	}
	return id
}

func claim(player, treasure, answer string) map[string]any {
	return map[string]any{"player": player, "treasure": treasure, "answer": answer}
}

// points returns the leaderboard's points by player.
func points(t *testing.T, c *http.Client, url, hunt string) map[string]int {
	t.Helper()
	status, board := get(t, c, url+"/v1/hunts/"+hunt+"/leaderboard")
	require.Equal(t, http.StatusOK, status)
	out := map[string]int{}
	rows, _ := board["players"].([]any)
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		name, _ := fields["player"].(string)
		sum, _ := fields["points"].(float64)
		out[name] = int(sum)
	}
	return out
}

// wrongPartitions returns an engine that wants another number of partitions than there are.
func wrongPartitions(t testing.TB, brokers []string) *engine.Engine {
	t.Helper()
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "wrong"})
	require.NoError(t, err)
	e, err := engine.New(engine.Options{Brokers: brokers, Runtime: runtime, Instance: "wrong", Partitions: 5})
	require.NoError(t, err)
	return e
}
