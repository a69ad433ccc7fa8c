package stock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/lab/stock"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

// The engine works on kafka-go's own clients: slowly, because a Writer waits for a second, but two engines agree, and an
// engine that begins later knows what happened.
func TestTheEngineWorksOnKafkaGo(t *testing.T) {
	k, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(k.Close)
	one := start(t, k, "one")
	now := time.Now()
	var made struct{ ID string }
	require.Equal(t, http.StatusCreated, post(t, one+"/v1/hunts", map[string]any{
		"name": "a hunt", "starts": now.Add(-time.Minute), "ends": now.Add(time.Hour),
		"treasures": []map[string]any{{"id": "t1", "place": "here", "clue": "dig", "points": 10, "answer": "x"}},
	}, &made))
	hunt := "/v1/hunts/" + made.ID
	two := start(t, k, "two")
	require.Equal(t, http.StatusOK, get(t, two+hunt))
	require.Equal(t, http.StatusCreated, post(t, two+hunt+"/players", map[string]any{"player": "ann", "name": "Ann"}, nil))
	require.Equal(t, http.StatusUnprocessableEntity, post(t, one+hunt+"/claims", map[string]any{"player": "ann", "treasure": "t1", "answer": "y"}, nil))
	require.Equal(t, http.StatusOK, post(t, two+hunt+"/claims", map[string]any{"player": "ann", "treasure": "t1", "answer": "x"}, nil))
}

// start runs an engine until the test ends, and returns its URL once it is ready.
func start(t *testing.T, k *kfake.Cluster, name string) string {
	t.Helper()
	r, err := live.NewRuntime(live.RuntimeOptions{App: "hunt", ID: name, Base: settings.Values{}})
	require.NoError(t, err)
	e, err := engine.New(engine.Options{
		Client: stock.Client{}, Brokers: k.ListenAddrs(), Runtime: r, Instance: name, Partitions: 2, Deadline: 20 * time.Second,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	server := httptest.NewServer(e.Handler())
	t.Cleanup(func() {
		server.Close()
		cancel()
		require.NoError(t, <-ended)
	})
	require.Eventually(t, e.Ready, 30*time.Second, 10*time.Millisecond)
	return server.URL
}

func post(t *testing.T, url string, body, into any) int {
	t.Helper()
	b, err := json.Marshal(body)
	require.NoError(t, err)
	resp, err := http.Post(url, "application/json", bytes.NewReader(b)) //nolint:noctx // a test
	require.NoError(t, err)
	defer resp.Body.Close()
	if into != nil {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(into))
	}
	return resp.StatusCode
}

func get(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // a test
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}
