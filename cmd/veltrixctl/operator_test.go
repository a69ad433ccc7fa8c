package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// operate returns a function that runs a command on an application of an etcd of its own, and fails the test if the command does.
func operate(t *testing.T) (endpoint string, do func(args ...string) string) {
	t.Helper()
	endpoint = etcdtest.Start(t).Endpoints()[0]
	return endpoint, func(args ...string) string {
		t.Helper()
		code, out, stderr := ctl(append(args, "--app", "hunt", "--etcd.endpoints", endpoint)...)
		require.Equal(t, exitOK, code, stderr)
		return out
	}
}

// An operator sets values, looks at what he has done, takes one back, and returns to where he was.
func TestSettingsAreSetAndRolledBack(t *testing.T) {
	_, do := operate(t)
	out := do("settings", "set", "producer.linger.ms=20", "producer.compression.type=lz4", "--who", "ann", "--reason", "less traffic")
	require.Equal(t, "generation 1:\n  producer.linger.ms unset → 20\n  producer.compression.type unset → lz4\n"+
		"the loop leaves this alone for a while; `veltrixctl status` shows when every instance runs it\n", out)
	require.Contains(t, do("settings", "set", "producer.linger.ms=20", "--reason", "again"), "nothing to change: generation 1 says so already")
	do("settings", "set", "producer.linger.ms=50", "--reason", "slower")
	require.Contains(t, do("settings", "unset", "producer.compression.type", "--reason", "more CPU"), "producer.compression.type lz4 → unset")

	history := do("settings", "history")
	require.Equal(t, 4, strings.Count(history, "\n"), history)
	require.Contains(t, history, "producer.linger.ms 20 → 50")
	require.Contains(t, history, "less traffic")
	require.Equal(t, "generation 2 → 3:\n  producer.compression.type lz4 → unset\n", do("settings", "diff"))
	require.Equal(t, "generation 0 → 1:\n  producer.linger.ms unset → 20\n  producer.compression.type unset → lz4\n", do("settings", "diff", "0", "1"))

	require.Contains(t, do("settings", "rollback", "1", "--reason", "as before"), "generation 4:\n  producer.linger.ms 50 → 20\n  producer.compression.type unset → lz4\n")
	require.Equal(t, "generation 1 → 4:\n  nothing differs\n", do("settings", "diff", "1"))
	var document struct {
		Generation int64
		Settings   map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(do("settings", "rollback", "0", "--reason", "all back", "--output", "json")), &document))
	require.Equal(t, int64(5), document.Generation)
	require.Empty(t, document.Settings)
}

// What can't be written is refused with what to do, and nothing is written.
func TestWhatCannotBeSetIsRefused(t *testing.T) {
	endpoint, do := operate(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"settings", "set", "producer.linger.ms=20"}, exitUsage, "--reason is missing"},
		{[]string{"settings", "set", "producer.linger.ms", "--reason", "x"}, exitUsage, "is not NAME=VALUE"},
		{[]string{"settings", "set", "producer.linger.ms=soon", "--reason", "x"}, exitUsage, "write a whole number in milliseconds"},
		{[]string{"settings", "set", "producer.linger.ms=1", "producer.linger.ms=2", "--reason", "x"}, exitUsage, "given twice"},
		{[]string{"settings", "set", "producer.linger=1", "--reason", "x"}, exitFailed, "settings get --all lists"},
		{[]string{"settings", "set", "producer.linger.ms=9000", "--reason", "x"}, exitFailed, "above its upper limit 5000"},
		{[]string{"settings", "set", "producer.acks=0", "--reason", "x"}, exitFailed, "choose one of them"},
		{[]string{"settings", "rollback", "-1", "--reason", "x"}, exitUsage, "unknown shorthand flag"},
		{[]string{"settings", "rollback", "7", "--reason", "x"}, exitFailed, "not in the journal"},
		{[]string{"settings", "diff", "7"}, exitFailed, "settings history` lists"},
		{[]string{"settings", "history", "--limit", "0"}, exitUsage, "--limit 0"},
		{[]string{"hold", "--for", "-1h", "--reason", "x"}, exitUsage, "--for -1h"},
		{[]string{"hold", "--settings", "linger", "--reason", "x"}, exitFailed, "settings get --all lists"},
		{[]string{"explain", "42"}, exitFailed, "the journal has no such decision"},
	} {
		code, _, stderr := ctl(append(c.args, "--app", "hunt", "--etcd.endpoints", endpoint)...)
		require.Equal(t, c.code, code, "%v: %s", c.args, stderr)
		require.Contains(t, stderr, c.want, c.args)
	}
	require.Contains(t, do("settings", "history"), "the journal holds no document")
	require.Equal(t, "generation 0 → 0:\n  nothing differs\n", do("settings", "diff"))
}

// A hold is placed for a time and for a few settings, seen in the status, and released.
func TestAHoldIsPlacedAndReleased(t *testing.T) {
	_, do := operate(t)
	require.Contains(t, do("hold", "--settings", "producer.linger.ms", "--for", "2h", "--who", "bob", "--reason", "release 4.2"),
		"held: producer.linger.ms by bob since TIME, until TIME: release 4.2; end it with `veltrixctl release --app hunt`")
	require.Contains(t, do("status"), "producer.linger.ms by bob")
	require.Contains(t, do("release", "--reason", "it is out"), "released: producer.linger.ms by bob")
	require.Contains(t, do("release", "--reason", "once more"), "there was no hold")
	require.Contains(t, do("status"), "no\n")
}

// Explain tells a change from what was seen to what came of it.
func TestAChangeIsExplained(t *testing.T) {
	endpoint, do := operate(t)
	s, err := store.Open(t.Context(), store.Options{App: "hunt", Endpoints: []string{endpoint}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	commitOnce(t, s, tuner.Decision{
		ID: "01JD2Z7Q8GQ9M1W3V5X7Y9A1BC", App: "hunt", Time: time.Now().UTC(), Reason: tuner.Protected, Rule: "ProducerLingerDominates",
		Detail: "p99 is 1.01, at most 0.15", Steps: []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(1000), To: settings.Number(63)}},
		NextGeneration: 1, Overruled: []tuner.Overruled{{Rule: "ProducerTimeouts", Reason: tuner.NotYet, Detail: "one change at a time"}},
		Evidence: tuner.Evidence{
			Objectives: map[string]tuner.Reading{"p99": {Value: 1.01, OK: true}}, Load: tuner.Reading{Why: "no data"},
			Rules: map[string]float64{"ProducerLingerDominates": 1}, Instances: 2,
		},
	})
	out := do("explain")
	for _, want := range []string{
		"decision 01JD2Z7Q8GQ9M1W3V5X7Y9A1BC of TIME\n", "  Protected by rule ProducerLingerDominates: p99 is 1.01, at most 0.15\n",
		"  producer.linger.ms 1000 → 63\n", "  load: no usable value: no data\n", "  objective p99: 1.01\n", "  2 instances\n",
		"  ProducerTimeouts NotYet: one change at a time\n", "what came of it\n  it is in force\n",
	} {
		require.Contains(t, out, want)
	}
	do("settings", "set", "producer.linger.ms=5", "--who", "ann", "--reason", "better")
	require.Contains(t, do("explain", "01JD2Z7Q8GQ9M1W3V5X7Y9A1BC"), "  followed after ")
	require.Contains(t, do("explain", "1"), "by rule ProducerLingerDominates")
	require.Contains(t, do("explain"), "OperatorSet")
	var e struct{ Outcome string }
	require.NoError(t, json.Unmarshal([]byte(do("explain", "1", "--output", "json")), &e))
	require.Equal(t, "followed", e.Outcome)
}

// commitOnce writes a decision as a leader would.
func commitOnce(t *testing.T, s *store.Store, d tuner.Decision) {
	t.Helper()
	document := settings.Document{Schema: settings.SchemaVersion, App: "hunt", Generation: d.NextGeneration, Settings: settings.Values{}, Decision: d.ID, Time: d.Time}
	for _, step := range d.Steps {
		document.Settings[step.Setting] = step.To
	}
	d.Next = &document
	err := s.Campaign(t.Context(), "test", func(ctx context.Context, term store.Term) error {
		snapshot, err := s.Read(ctx)
		if err != nil {
			return err
		}
		if err := s.Commit(ctx, term, store.Change{
			Document: &document, Decision: &d, SettingsRevision: snapshot.SettingsRevision, TunerRevision: snapshot.TunerRevision,
		}); err != nil {
			return err
		}
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
}

// Instances shows who runs what, and where an instance differs from the document.
func TestInstancesShowWhatTheyRun(t *testing.T) {
	endpoint := application(t)
	code, out, stderr := ctl("instances", "--app", "hunt", "--etcd.endpoints", endpoint)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, out, "engine-1")
	require.Contains(t, out, "not up to date")
	require.Contains(t, out, "runs 5, the document says 20")
	code, out, _ = ctl("instances", "--app", "nobody", "--etcd.endpoints", endpoint)
	require.Equal(t, exitOK, code)
	require.Contains(t, out, "no instance is alive")
}

// shared is a writer for several goroutines.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Watch tells of changes as they come, holds included, until it is interrupted.
func TestWatchFollowsWhatIsChanged(t *testing.T) {
	endpoint, do := operate(t)
	do("settings", "set", "producer.linger.ms=20", "--reason", "first")
	s, err := store.Open(t.Context(), store.Options{App: "hunt", Endpoints: []string{endpoint}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	var out shared
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	w := watcher{store: s, out: &out}
	go func() { ended <- w.run(ctx) }()
	sees := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(out.String(), text) }, 30*time.Second, 10*time.Millisecond, "%s", text)
	}
	sees("unset → 20")
	do("settings", "set", "producer.linger.ms=30", "--reason", "second")
	sees("20 → 30")
	do("hold", "--reason", "enough")
	sees("OperatorHeld")
	stop()
	<-ended
	require.Equal(t, 3, strings.Count(out.String(), "\n"), "each once:\n%s", out.String())
}

// A decision log is made again; a decision that was tampered with is found.
func TestADecisionLogIsReplayed(t *testing.T) {
	log, err := os.ReadFile(filepath.Join("testdata", "decisions.jsonl"))
	require.NoError(t, err)
	code, out, stderr := ctl("replay", filepath.Join("testdata", "decisions.jsonl"))
	require.Equal(t, exitOK, code, stderr)
	require.Regexp(t, `^[1-9]\d* decisions made again, 0 differ\n$`, out)

	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	require.NoError(t, os.WriteFile(bad, bytes.Replace(log, []byte(`"reason":"Protected"`), []byte(`"reason":"Optimized"`), 1), 0o600))
	code, out, stderr = ctl("replay", bad)
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, "was Optimized")
	require.Contains(t, stderr, "came out another way")
	code, _, stderr = ctl("replay", filepath.Join(t.TempDir(), "none"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "open the decision log")
}
