package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/internal/freeport"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// patience is a generous limit for what must happen.
const patience = time.Minute

// binary builds the command.
func binary(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "veltrix")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

// world is everything around the processes under test: etcd, a Prometheus that sees an application whose latency is its
// linger, and an instance of the application.
type world struct {
	t          *testing.T
	dir        string
	etcd       *etcdtest.Server
	store      *store.Store
	prometheus *httptest.Server
	// linger is what the instance runs, in milliseconds; mood what Prometheus answers instead, nil for the truth.
	linger atomic.Int64
	mood   atomic.Pointer[http.HandlerFunc]
	// breaks counts how often the test broke the application.
	breaks int
}

// rulesFile has one rule: the target of linger is 20 ms, which is more than one step from 1000.
const rulesFile = `groups:
- name: g
  rules:
  - alert: TooSlow
    expr: max_over_time(latency[2s]) > 0.150
    class: protect
    on_missing: hold
    mode: enforce
    actions:
    - {set: producer.linger.ms, target: wanted, min: 1, max: 1000}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), etcd: etcdtest.Start(t)}
	w.linger.Store(1000)
	w.prometheus = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(w.prometheus.Close)
	s, err := store.Open(t.Context(), store.Options{App: "hunt", Endpoints: w.etcd.Endpoints(), InstanceTTL: 30 * time.Second})
	require.NoError(t, err)
	w.store = s
	w.instance()
	w.write("rules.yml", rulesFile)
	w.write("veltrix.yml", fmt.Sprintf(`app: hunt
mode: enforce
interval: 1s
prometheus: {url: %q}
etcd: {endpoints: [%s], leader_ttl: 1s, request_timeout: 2s}
rule_files: [rules.yml]
load: load
objectives: [{name: p99, expr: "max_over_time(latency[2s])", max: 0.150}]
limits: {cooldown: 1s, foreign_for: 2s}
`, w.prometheus.URL, w.etcd.Endpoints()[0]))
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
}

// answer is Prometheus's API as far as the sidecar needs it.
func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	if mood := w.mood.Load(); mood != nil {
		(*mood)(rw, r)
		return
	}
	w.truth(rw, r)
}

func (w *world) truth(rw http.ResponseWriter, r *http.Request) {
	latency := float64(w.linger.Load())/1000 + 0.010
	value := latency
	switch expr := r.FormValue("query"); {
	case strings.Contains(expr, "bool"): // the rule's condition
		value = 0
		if latency > 0.150 {
			value = 1
		}
	case strings.Contains(expr, "load"):
		value = 100
	case strings.Contains(expr, "wanted"):
		value = 20
	}
	rw.Header().Set("Content-Type", "application/json")
	now := float64(time.Now().UnixMilli()) / 1000
	_ = json.NewEncoder(rw).Encode(map[string]any{"status": "success", "data": map[string]any{ // the client is gone if this fails
		"resultType": "vector",
		"result":     []any{map[string]any{"metric": map[string]string{}, "value": []any{now, fmt.Sprint(value)}}},
	}})
}

// instance is an engine: it applies every document at once and says so.
func (w *world) instance() {
	reports := make(chan settings.Report, 1)
	report := func(generation int64) settings.Report {
		return settings.Report{
			ID: "engine-1", App: "hunt", Generation: generation,
			Effective: settings.Defaults().With(settings.ProducerLingerMs, settings.Number(w.linger.Load())),
		}
	}
	reports <- report(0)
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	again := func(f func() error) { // as live's Runtime does
		for ctx.Err() == nil {
			_ = f()
		}
	}
	parts.Go(func() { again(func() error { return w.store.Join(ctx, "engine-1", reports) }) })
	parts.Go(func() {
		again(func() error {
			return w.store.Watch(ctx, func(u settings.Update) {
				if u.Present() {
					if v, ok := u.Document.Settings[settings.ProducerLingerMs]; ok {
						w.linger.Store(v.Int())
					}
					select {
					case reports <- report(u.Document.Generation):
					case <-ctx.Done():
					}
				}
			})
		})
	})
	w.t.Cleanup(func() {
		cancel()
		parts.Wait()
		_ = w.store.Close() // etcd may be gone
	})
}

// proc is a process under test.
type proc struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
	log string
}

// start starts a sidecar and waits until it answers.
func (w *world) start(binary, id string, flags ...string) *proc {
	w.t.Helper()
	port := freePort(w.t)
	s := &proc{t: w.t, url: "http://" + port, log: filepath.Join(w.dir, id+".log")}
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(w.t, err)
	defer log.Close() // the process has its own descriptor
	s.cmd = exec.CommandContext(context.WithoutCancel(w.t.Context()), binary,
		append(flags, "--config.file="+filepath.Join(w.dir, "veltrix.yml"), "--id="+id, "--web.listen-address="+port)...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	require.NoError(w.t, s.cmd.Start())
	w.t.Cleanup(func() { s.kill() })
	return s
}

// kill ends the process as a power failure would, and waits until it is gone.
func (s *proc) kill() {
	_ = s.cmd.Process.Kill() // it may be gone already
	_ = s.cmd.Wait()
}

func (s *proc) signal(sig syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(sig))
}

// get asks the sidecar; an empty text if it doesn't answer.
func (s *proc) get(path string) (code int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	require.NoError(s.t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body) // what came is enough
	return resp.StatusCode, string(text)
}

// eventually waits for what must happen.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	require.Eventually(t, happened, patience, 20*time.Millisecond, what)
}

// generation is the stored document's; -1 while etcd doesn't answer.
func (w *world) generation() int64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := w.store.Read(ctx)
	if err != nil || s.DocumentErr != nil {
		return -1
	}
	return s.Document.Generation
}

// trialOver says whether no trial runs and nothing is broken.
func (w *world) trialOver() bool {
	s, err := w.store.Read(context.Background())
	return err == nil && s.State.Trial == nil && s.State.Generation == s.Document.Generation && s.State.BrokenTicks == 0 && !s.State.HealthySince.IsZero()
}

// journal returns the reasons of the changes, oldest first.
func (w *world) journal() []string {
	decisions, err := w.store.Journal(context.Background(), store.Page{Limit: 1000})
	require.NoError(w.t, err)
	var all []string
	for _, d := range decisions {
		all = append([]string{fmt.Sprintf("%d→%d %s %v", d.Generation, d.NextGeneration, d.Reason, d.Steps)}, all...)
	}
	return all
}

// freePort returns an address that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Address()
	require.NoError(t, err)
	return addr
}
