package main

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// ctl runs the command and returns its exit code and what it wrote, with times replaced.
func ctl(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	stamp := regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
	return code, stamp.ReplaceAllString(out.String(), "TIME"), errs.String()
}

// application is one with a tuned setting, a hold and an instance that is behind.
func application(t *testing.T) (endpoint string) {
	t.Helper()
	server := etcdtest.Start(t)
	endpoint = server.Endpoints()[0]
	s, err := store.Open(t.Context(), store.Options{App: "hunt", Endpoints: []string{endpoint}})
	require.NoError(t, err)
	by := store.Operator{Who: "ann", Why: "a trial run"}
	_, err = s.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(20)}, nil, by)
	require.NoError(t, err)
	require.NoError(t, s.SetHold(t.Context(), tuner.Hold{Who: "bob", Why: "a release", Since: time.Now()}))

	ctx, cancel := context.WithCancel(context.Background())
	reports := make(chan settings.Report, 1)
	reports <- settings.Report{ID: "engine-1", App: "hunt", Effective: settings.Defaults()}
	joined := make(chan error, 1)
	go func() { joined <- s.Join(ctx, "engine-1", reports) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-joined)
		require.NoError(t, s.Close())
	})
	require.Eventually(t, func() bool {
		all, err := s.Instances(t.Context())
		return err == nil && len(all) == 1
	}, time.Minute, 10*time.Millisecond)
	return endpoint
}

func TestStatusShowsWhatIsGoingOn(t *testing.T) {
	endpoint := application(t)
	code, out, stderr := ctl("status", "--app", "hunt", "--etcd.endpoints", endpoint)
	require.Equal(t, exitOK, code, stderr)
	for _, want := range []string{
		"application           hunt\n",
		"leader                none: no sidecar decides\n",
		"document              generation 1 of TIME: ",
		"  producer.linger.ms  20 (default 5)\n",
		"held                  all settings by bob since TIME, until released: a release\n",
		"  engine-1            generation 0, not up to date\n",
		"producer.linger.ms unset → 20",
	} {
		require.Contains(t, out, want)
	}
	code, out, stderr = ctl("status", "--app", "hunt", "--etcd.endpoints", endpoint, "--output", "json")
	require.Equal(t, exitOK, code, stderr)
	var s status
	require.NoError(t, json.Unmarshal([]byte(regexp.MustCompile("TIME").ReplaceAllString(out, "2026-01-01T00:00:00Z")), &s))
	require.EqualValues(t, 1, s.Document.Generation)
	require.Equal(t, "bob", s.Hold.Who)
	require.Len(t, s.Instances, 1)
	require.Len(t, s.Decisions, 2, "the setting and the hold")
}

func TestSettingsGetShowsWhatIsTuned(t *testing.T) {
	endpoint := application(t)
	get := func(args ...string) (int, string, string) {
		return ctl(append([]string{"settings", "get", "--app", "hunt", "--etcd.endpoints", endpoint}, args...)...)
	}
	code, out, stderr := get()
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, ""+
		"SETTING             TUNED  DEFAULT  BOUNDS  UNIT          CLASS    APPLIES\n"+
		"producer.linger.ms  20     5        0…5000  milliseconds  latency  next batch\n", out)
	code, out, _ = get("producer.acks", "--output", "json")
	require.Equal(t, exitOK, code)
	require.JSONEq(t, `[{"setting": "producer.acks", "default": "all", "kind": "enum", "bound": {"allowed": ["all", "1"]}, "class": "durability", "applies": "next batch"}]`, out)
	_, out, _ = get("--all")
	require.Contains(t, out, "broker.num.io.threads")
	code, _, stderr = get("producer.lingr.ms")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, `unknown setting "producer.lingr.ms"; veltrixctl settings get --all lists`)
}

func TestWithoutEtcdItSaysSo(t *testing.T) {
	code, _, stderr := ctl("status", "--app", "hunt", "--etcd.endpoints", "http://127.0.0.1:1", "--timeout", "1s")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "http://127.0.0.1:1")
	code, _, stderr = ctl("status")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--app is missing")
	code, _, stderr = ctl("settings", "get", "--app", "hunt", "--output", "xml")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "write text or json")
}
