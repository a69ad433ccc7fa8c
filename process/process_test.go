package process_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/veltrix/veltrix/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A request that is under way when the process is told to stop gets its answer, and the part that answers it runs until then.
func TestRequestsUnderWayAreAnswered(t *testing.T) {
	l, err := process.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	partEnded := make(chan struct{})
	lastWords := errors.New("the part's last words")
	part := func(ctx context.Context) error {
		<-ctx.Done()
		close(partEnded)
		return lastWords
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		select {
		case <-partEnded:
			fmt.Fprint(w, "too late")
		default:
			fmt.Fprint(w, "answered")
		}
	})
	served := make(chan error, 1)
	go func() { served <- process.Serve(ctx, l, "", handler, part) }()
	require.Equal(t, "answered", get(t, "http://"+l.Addr().String()))
	require.ErrorIs(t, <-served, lastWords, "what the part says in the end is not swallowed")
	<-partEnded
}

// A part that fails ends everything with its error; a web configuration that can't be read is one too.
func TestWhatFailsEndsEverything(t *testing.T) {
	l, err := process.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	broken := errors.New("broken")
	require.ErrorIs(t, process.Serve(t.Context(), l, "", http.NotFoundHandler(), func(context.Context) error { return broken }), broken)

	l, err = process.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "web.yml")
	require.NoError(t, os.WriteFile(file, []byte("tls_server_confg: {}"), 0o600))
	require.ErrorContains(t, process.Serve(t.Context(), l, file, http.NotFoundHandler()), "serve HTTP on")
	require.NoError(t, l.Close())
}

func TestExitCodes(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, process.ExitOK, process.Exit(&out, "x", nil))
	require.Equal(t, process.ExitFailed, process.Exit(&out, "x", errors.New("down")))
	_, err := process.NewLogger("loud")
	require.Equal(t, process.ExitUsage, process.Exit(&out, "x", fmt.Errorf("start: %w", err)))
	require.Equal(t, "x: down\nx: start: --log.level \"loud\": write debug, info, warn or error\n", out.String())
}

func get(t *testing.T, url string) string {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}
