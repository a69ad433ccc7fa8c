package tuner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// TestHours asks for a step at the edges of a calendar's hours.
func TestHours(t *testing.T) {
	night := tuner.Hours{Days: []time.Weekday{time.Monday}, From: 23 * time.Hour, To: 2 * time.Hour}
	office := tuner.Hours{From: 8 * time.Hour, To: 18 * time.Hour}
	for _, c := range []struct {
		hours    tuner.Hours
		at       string // 2026-11-23 is a Monday
		excluded bool
	}{
		{office, "2026-11-23T07:59:59Z", false},
		{office, "2026-11-23T08:00:00Z", true},
		{office, "2026-11-23T17:59:59Z", true},
		{office, "2026-11-23T18:00:00Z", false},
		{office, "2026-11-23T10:00:00+05:00", false},
		{night, "2026-11-23T22:59:59Z", false},
		{night, "2026-11-23T23:00:00Z", true},
		{night, "2026-11-24T01:59:59Z", true},
		{night, "2026-11-24T02:00:00Z", false},
		{night, "2026-11-24T23:30:00Z", false},
		{night, "2026-11-23T01:00:00Z", false},
	} {
		now, err := time.Parse(time.RFC3339, c.at)
		require.NoError(t, err)
		l := newLoop()
		l.cfg.Goal, l.cfg.NoOptimize = tuner.Minimize, []tuner.Hours{c.hours}
		limit := 0.15
		l.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &limit}}
		l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
		l.in.Now = now
		l.instance("a")
		low := int64(1)
		l.in.Signals = []tuner.Signal{{Rule: "Batch", Class: tuner.ClassOptimize, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
			{Set: settings.ProducerLingerMs, Op: tuner.OpMultiply, Operand: 1.25, Bound: settings.Bound{Min: &low}},
		}}}
		require.Equal(t, c.excluded, l.step(t).Reason == tuner.CalendarExcluded, "%s at %s", c.hours, c.at)
	}
}

func TestHoursReadAsASentence(t *testing.T) {
	h := tuner.Hours{From: 8 * time.Hour, To: 18*time.Hour + 30*time.Minute}
	require.Equal(t, "from 08:00 to 18:30 UTC", h.String())
	h.Days = []time.Weekday{time.Monday, time.Tuesday}
	require.Equal(t, "from 08:00 to 18:30 UTC on Monday, Tuesday", h.String())
}

func TestImpossibleHoursAreRefused(t *testing.T) {
	limit := 0.15
	for _, h := range []tuner.Hours{
		{From: -time.Minute, To: time.Hour},
		{From: 24 * time.Hour},
		{To: 25 * time.Hour},
		{From: 90 * time.Second, To: time.Hour},
		{Days: []time.Weekday{7}, To: time.Hour},
	} {
		c := tuner.Config{App: "hunt", Objectives: []tuner.Objective{{Name: "p99", Max: &limit}}, NoOptimize: []tuner.Hours{h}}
		require.ErrorContains(t, c.Validate(), "no_optimize 1")
	}
	c := minimal()
	c.NoOptimize = []tuner.Hours{{Days: []time.Weekday{time.Sunday, time.Saturday}, To: 24 * time.Hour}}
	require.NoError(t, c.Validate())
}
