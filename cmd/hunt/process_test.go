package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is the instances of the command under test, each a process of its own.
type world struct {
	t       *testing.T
	dir     string
	program string

	mu        sync.Mutex // guards instances
	instances map[string]*life
}

// life is one life of an instance. Each has an address of its own, so that no request reaches the next life.
type life struct {
	name, url string
	ready     bool // guarded by the world's lock
	cmd       *exec.Cmd
	client    *http.Client
}

// newWorld builds the command and writes its configuration: short waits, and snapshots often.
func newWorld(t *testing.T, brokers string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), instances: map[string]*life{}}
	w.program = filepath.Join(w.dir, "hunt")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", w.program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	w.program, err = filepath.Abs(w.program)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.config(), fmt.Appendf(nil, `deadline: 1s
kafka: {brokers: [%q], partitions: 2, snapshot_every: 1000}
settings:
  producer.linger.ms: 1
  consumer.fetch.max.wait.ms: 100
  consumer.session.timeout.ms: 6000
  consumer.heartbeat.interval.ms: 300
`, brokers), 0o600))
	t.Cleanup(func() {
		for name := range w.instances {
			w.kill(name)
		}
		if t.Failed() {
			w.showLogs()
		}
	})
	return w
}

func (w *world) config() string { return filepath.Join(w.dir, "hunt.yml") }

// start begins an instance's life.
func (w *world) start(name string) {
	w.t.Helper()
	address := freeAddress(w.t)
	log, err := os.OpenFile(filepath.Join(w.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(w.t, err)
	defer log.Close() // the process has its own descriptor
	p := &life{
		name: name, url: "http://" + address, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * playersInAll}, Timeout: 3 * time.Second},
		cmd: exec.CommandContext(context.WithoutCancel(w.t.Context()), w.program, "--config.file="+w.config(), "--web.listen-address="+address),
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	require.NoError(w.t, p.cmd.Start())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instances[name] = p
}

// end ends an instance's life by a signal, and waits until it is gone.
func (w *world) end(name string, sig syscall.Signal) {
	w.mu.Lock()
	p := w.instances[name]
	delete(w.instances, name)
	w.mu.Unlock()
	_ = p.cmd.Process.Signal(sig) // it may be gone already
	err := p.cmd.Wait()
	p.client.CloseIdleConnections()
	if sig == syscall.SIGTERM {
		require.NoError(w.t, err, "a polite end exits with 0")
	}
}

// ready waits until an instance says that it is ready.
func (w *world) ready(name string) {
	w.t.Helper()
	w.mu.Lock()
	p := w.instances[name]
	w.mu.Unlock()
	require.Eventually(w.t, func() bool {
		status, _ := p.ask(http.MethodGet, "/-/ready", "", nil, nil)
		return status == http.StatusOK
	}, time.Minute, 20*time.Millisecond, "%s is ready", name)
	w.mu.Lock()
	defer w.mu.Unlock()
	p.ready = true
}

// any returns one of the instances that live, and whether it has said that it is ready.
func (w *world) any(rng *rand.Rand) (*life, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, 0, len(w.instances))
	for name := range w.instances {
		names = append(names, name)
	}
	slices.Sort(names)
	p := w.instances[names[rng.IntN(len(names))]]
	return p, p.ready
}

// showLogs writes the end of every instance's log.
func (w *world) showLogs() {
	files, err := filepath.Glob(filepath.Join(w.dir, "*.log"))
	require.NoError(w.t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(w.t, err)
		w.t.Logf("%s ends with:\n%s", filepath.Base(file), text[max(0, len(text)-4000):])
	}
}

// ask sends a request; status 0 if there was no answer.
func (p *life) ask(method, path, key string, body, into any) (int, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err // cut off: what it says is not known
	}
	if into == nil {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.Unmarshal(text, into)
}

// claim asks any instance that lives for a guess's treasure.
func (w *world) claim(g guess, rng *rand.Rand) attempt {
	p, _ := w.any(rng)
	a := attempt{guess: g, instance: p.name, begin: time.Now()}
	answer := "rope"
	if g.right {
		answer = "anchor"
	}
	var said struct {
		Outcome string
		Left    int `json:"attempts_left"`
	}
	body := map[string]string{"player": g.player, "treasure": g.treasure, "answer": answer}
	a.status, _ = p.ask(http.MethodPost, "/v1/hunts/"+g.hunt+"/claims", g.key, body, &said) // status 0 says enough
	a.end, a.outcome, a.left = time.Now(), said.Outcome, said.Left
	return a
}

// board returns the points of a hunt's players as an instance shows them.
func (p *life) board(hunt string) (int, map[string]int) {
	var board struct {
		Players []struct {
			Player string
			Points int
		}
	}
	status, err := p.ask(http.MethodGet, "/v1/hunts/"+hunt+"/leaderboard", "", nil, &board)
	if err != nil {
		return 0, nil
	}
	points := map[string]int{}
	for _, row := range board.Players {
		points[row.Player] = row.Points
	}
	return status, points
}

// must asks an instance until it answers.
func (w *world) must(name, method, path, key string, body, into any) {
	w.t.Helper()
	w.mu.Lock()
	p := w.instances[name]
	w.mu.Unlock()
	require.Eventually(w.t, func() bool {
		status, err := p.ask(method, path, key, body, into)
		return err == nil && status < http.StatusMultipleChoices
	}, time.Minute, 20*time.Millisecond, "%s %s at %s", method, path, name)
}

// hide creates a hunt that all players join, and returns its id.
func (w *world) hide(at string) string {
	w.t.Helper()
	list := make([]map[string]any, treasures)
	for i := range list {
		list[i] = map[string]any{"id": fmt.Sprint("t", i), "place": "quay", "clue": "look down", "points": worth, "answer": "anchor"}
	}
	var made struct{ ID string }
	w.must(at, http.MethodPost, "/v1/hunts", "hide-"+at, map[string]any{
		"name": "harbour", "starts": time.Now().Add(-time.Minute), "ends": time.Now().Add(time.Hour), "treasures": list,
	}, &made)
	for i := range playersInAll {
		w.must(at, http.MethodPost, "/v1/hunts/"+made.ID+"/players", "", map[string]any{"player": fmt.Sprint("p", i)}, nil)
	}
	return made.ID
}

// ending returns an instance's last word of each hunt. The answer to a last command says that it has taken in everything before.
func (w *world) ending(name string, hunts []string) []ending {
	w.t.Helper()
	all := make([]ending, 0, len(hunts))
	for _, id := range hunts {
		w.must(name, http.MethodPost, "/v1/hunts/"+id+"/finish", "finish-"+name, struct{}{}, nil)
		var found struct{ Treasures []struct{ ID, Winner string } }
		w.must(name, http.MethodGet, "/v1/hunts/"+id, "", nil, &found)
		e := ending{instance: name, hunt: id, winners: map[string]string{}}
		for _, treasure := range found.Treasures {
			if treasure.Winner != "" {
				e.winners[treasure.ID] = treasure.Winner
			}
		}
		w.mu.Lock()
		p := w.instances[name]
		w.mu.Unlock()
		var status int
		status, e.points = p.board(id)
		require.Equal(w.t, http.StatusOK, status)
		all = append(all, e)
	}
	return all
}
