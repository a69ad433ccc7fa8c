package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// trialDecision is a ULID; everything on trial here hangs on it.
const trialDecision = "01JZ0000000000000000000000"

// lead makes sidecar-0 the leader, which puts linger on trial and stays leader until the test ends.
func lead(t *testing.T, endpoint string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{App: "hunt", Endpoints: []string{endpoint}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	committed, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		ended <- s.Campaign(ctx, "sidecar-0", func(ctx context.Context, term store.Term) error {
			committed <- commitTrial(ctx, s, term)
			<-ctx.Done()
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, s.Close())
	})
	require.NoError(t, <-committed)
}

func commitTrial(ctx context.Context, s *store.Store, term store.Term) error {
	snapshot, err := s.Read(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	d := snapshot.Document
	former := d.Generation
	d.Generation, d.Decision, d.Reason, d.Time = former+1, trialDecision, string(tuner.Protected), now
	d.Settings = d.Settings.With(settings.ProducerLingerMs, settings.Number(40))
	d.Topics = map[string]settings.Values{"hunt.events": {settings.ProducerLingerMs: settings.Number(10)}}
	steps := []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(20), To: settings.Number(40)}}
	state := snapshot.State
	state.Generation, state.Highest = d.Generation, d.Generation
	state.Trial = &tuner.Trial{
		Decision: trialDecision, Rule: "ProducerQueueing", Class: tuner.ClassProtect, Steps: steps, Generation: d.Generation, Applied: now,
	}
	return s.Commit(ctx, term, store.Change{
		Document: &d, State: state, SettingsRevision: snapshot.SettingsRevision, TunerRevision: snapshot.TunerRevision,
		Decision: &tuner.Decision{
			ID: trialDecision, App: "hunt", Time: now, Mode: tuner.ModeEnforce, Reason: tuner.Protected, Rule: "ProducerQueueing",
			Steps: steps, Generation: former, NextGeneration: d.Generation,
		},
	})
}

func TestStatusShowsTheTrial(t *testing.T) {
	endpoint := application(t)
	lead(t, endpoint)
	code, out, stderr := ctl("status", "--app", "hunt", "--etcd.endpoints", endpoint)
	require.Equal(t, exitOK, code, stderr)
	for _, want := range []string{
		`leader +sidecar-0\n`,
		`document +generation 2 of TIME: Protected\n`,
		`  producer.linger.ms +40 \(default 5\)\n`,
		`  producer.linger.ms@hunt.events +10 \(default 5\)\n`,
		`trial +` + trialDecision + ` by ProducerQueueing \(protect\)\n`,
		`  step +producer.linger.ms 20 → 40\n`,
		`  applied +TIME as generation 2\n`,
		`  acknowledged +not yet: by 0 of 1 instance\n`,
		`Protected by ProducerQueueing: producer.linger.ms 20 → 40`,
	} {
		require.Regexp(t, want, out)
	}
	code, out, stderr = ctl("status", "--app", "hunt", "--etcd.endpoints", endpoint, "--output", "json")
	require.Equal(t, exitOK, code, stderr)
	var s struct {
		Leader    string
		Instances []map[string]any
		Trial     map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	require.Equal(t, "sidecar-0", s.Leader)
	require.Equal(t, "ProducerQueueing", s.Trial["rule"])
	require.Equal(t, "engine-1", s.Instances[0]["id"])
	require.Equal(t, false, s.Instances[0]["up_to_date"])
}

func TestFlagsThatMeanNothingAreUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"--etcd.password-file are needed together": {"status", "--app", "hunt", "--etcd.username", "ann"},
		"--etcd.key-file are needed together":      {"status", "--app", "hunt", "--etcd.cert-file", "c.pem"},
		"write a time above zero":                  {"status", "--app", "hunt", "--timeout", "0s"},
		"say what to do":                           {"settings"},
		"unknown command":                          {"settings", "gte"},
	} {
		code, _, stderr := ctl(args...)
		require.Equal(t, exitUsage, code, want)
		require.Contains(t, stderr, want)
	}
	code, _, stderr := ctl("status", "--app", "hunt", "--etcd.endpoints", "http://127.0.0.1:1", "--timeout", "1s")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "check that it runs, that --etcd.endpoints names it")
}
