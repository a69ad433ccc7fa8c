package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/internal/freeport"
	"github.com/veltrix/veltrix/process"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// The command with Kafka and etcd: it is ready, plays a hunt, applies what is written to etcd while it runs, and stops in order.
func TestTheCommandServesAndStops(t *testing.T) {
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(kafka.Close)
	etcd := etcdtest.Start(t)
	address := freeAddress(t)
	config := filepath.Join(t.TempDir(), "hunt.yml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil,
		"instance: one\nkafka: {brokers: [%s], partitions: 2}\ndeadline: 9s\netcd: {endpoints: [%s]}\nsettings: {producer.linger.ms: 1}\n",
		kafka.ListenAddrs()[0], etcd.Endpoints()[0]), 0o600))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, flags{config: config, listen: address, logLevel: "error"}, io.Discard) }()
	base := "http://" + address
	require.Eventually(t, func() bool { status, _ := ask(t, http.MethodGet, base+"/-/ready", ""); return status == http.StatusOK }, time.Minute, 20*time.Millisecond)

	plan := fmt.Sprintf(`{"name":"n","starts":%q,"ends":%q,"treasures":[{"id":"t","answer":"a","points":5},{"id":"u","answer":"a"}]}`,
		time.Now().Add(-time.Minute).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339))
	status, body := ask(t, http.MethodPost, base+"/v1/hunts", plan)
	require.Equal(t, http.StatusCreated, status, body)
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	status, _ = ask(t, http.MethodPost, base+"/v1/hunts/"+made.ID+"/players", `{"player":"ann"}`)
	require.Equal(t, http.StatusCreated, status)
	status, body = ask(t, http.MethodPost, base+"/v1/hunts/"+made.ID+"/claims", `{"player":"ann","treasure":"t","answer":"A"}`)
	require.Equal(t, http.StatusOK, status, body)

	s, err := store.Open(t.Context(), store.Options{App: "hunt-engine", Endpoints: etcd.Endpoints()})
	require.NoError(t, err)
	_, err = s.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(7)}, nil, store.Operator{Who: "test", Why: "to see it applied"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Eventually(t, func() bool {
		_, metrics := ask(t, http.MethodGet, base+"/metrics", "")
		return strings.Contains(metrics, `veltrix_setting_value{client_id="hunt-engine",setting="producer.linger.ms"} 7`)
	}, time.Minute, 20*time.Millisecond)

	// It is told to stop while a claim waits for a Kafka that takes nothing; the claim gets its answer all the same.
	var down atomic.Bool
	down.Store(true)
	kafka.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		kafka.KeepControl()
		return nil, errors.New("down"), down.Load()
	})
	answered := make(chan int, 1)
	go func() {
		status, _ := ask(t, http.MethodPost, base+"/v1/hunts/"+made.ID+"/claims", `{"player":"ann","treasure":"u","answer":"A"}`)
		answered <- status
	}()
	require.Eventually(t, func() bool {
		_, metrics := ask(t, http.MethodGet, base+"/metrics", "")
		return strings.Contains(metrics, "hunt_waiting_requests 1")
	}, time.Minute, time.Millisecond)
	stop()
	require.Eventually(t, func() bool { status, _ := ask(t, http.MethodGet, base+"/-/healthy", ""); return status == 0 }, time.Minute, time.Millisecond)
	down.Store(false)
	require.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, <-done)
}

func TestAWrongWebConfigIsAUsageError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	require.NoError(t, os.WriteFile(file, []byte("tls_server_config: {cert_file: nowhere.pem}\n"), 0o600))
	code, _, stderr := try("--config.file=hunt.example.yml", "--web.config.file="+file, "--config.check")
	require.Equal(t, process.ExitUsage, code)
	require.Contains(t, stderr, "--web.config.file")
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask returns status and body; status 0 if there was no answer. It is for any goroutine.
func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return 0, err.Error() // it may not listen yet
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// freeAddress returns an address that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Address()
	require.NoError(t, err)
	return addr
}
