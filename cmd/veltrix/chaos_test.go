package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

func contains(body, text string) bool { return strings.Contains(body, text) }

func (w *world) leader() string {
	id, err := w.store.Leader(context.Background())
	if err != nil {
		return ""
	}
	return id
}

// Everything around a sidecar fails in turn, each longer than its lease, while the application is broken: nothing is written
// then, readiness or the decision says why, and when it is back the loop heals by itself.
func TestTheLoopHoldsWhileTheWorldFails(t *testing.T) {
	w, program := newWorld(t), binary(t)
	s := w.start(program, "one")
	eventually(t, "it heals at first", func() bool { return w.linger.Load() == 63 && w.trialOver() })
	hangs := make(chan struct{})
	defer close(hangs)
	answers := func(f http.HandlerFunc) (func(), func()) {
		return func() { w.mood.Store(&f) }, func() { w.mood.Store(nil) }
	}
	say := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, text) }
	}
	for _, c := range []struct {
		name  string
		fault func(http.HandlerFunc) (func(), func())
		with  http.HandlerFunc
	}{
		{"Prometheus answers 500", answers, func(rw http.ResponseWriter, _ *http.Request) {
			http.Error(rw, "out of memory", http.StatusInternalServerError)
		}},
		{"Prometheus hangs", answers, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-hangs:
			}
		}},
		{"Prometheus says NaN", answers, say(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}`)},
		{"Prometheus has no data", answers, say(`{"status":"success","data":{"resultType":"vector","result":[]}}`)},
		{"Prometheus is something else", answers, say(`<html>It works!</html>`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			start, end := c.fault(c.with)
			start()
			eventually(t, "the loop says that it is blind", func() bool {
				_, body := s.get("/api/v1/status")
				return contains(body, `"reason":"Blind"`)
			})
			breakAgain(t, w)
			before := w.generation()
			time.Sleep(4 * time.Second)
			require.Equal(t, before, w.generation(), "nothing is written blind")
			end()
			eventually(t, "it heals by itself", func() bool { return w.linger.Load() == 63 && w.trialOver() })
		})
	}
	t.Run("etcd is away", func(t *testing.T) {
		w.etcd.Stop()
		eventually(t, "it is not ready, and says why", func() bool {
			code, body := s.get("/-/ready")
			return code == http.StatusServiceUnavailable && contains(body, "etcd")
		})
		w.etcd.Restart()
		eventually(t, "it is ready again", func() bool { code, _ := s.get("/-/ready"); return code == http.StatusOK && w.leader() == "one" })
		breakAgain(t, w)
		eventually(t, "and heals", func() bool { return w.linger.Load() == 63 && w.trialOver() })
	})
	t.Run("etcd is compacted", func(t *testing.T) {
		client := w.etcd.Client()
		resp, err := client.Get(t.Context(), "/")
		require.NoError(t, err)
		_, err = client.Compact(t.Context(), resp.Header.Revision)
		require.NoError(t, err)
		breakAgain(t, w)
		eventually(t, "it heals", func() bool { return w.linger.Load() == 63 && w.trialOver() })
	})
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid)); err == nil {
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		peak, _, _ = strings.Cut(peak, "\n")
		t.Log("most resident memory:", strings.TrimSpace(peak))
	}
	// Every change but the first had a person's before it: none was made twice.
	require.Len(t, w.journal(), 2*w.breaks+1)
}

// breakAgain makes the application slow: somebody sets a bad value, which the loop respects for two seconds.
func breakAgain(t *testing.T, w *world) {
	t.Helper()
	_, err := w.store.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(1000)}, nil, store.Operator{Who: "test", Why: "break"})
	require.NoError(t, err)
	w.breaks++
}
