package tuner_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

func minimal() tuner.Config {
	limit := 0.15
	return tuner.Config{App: "hunt", Objectives: []tuner.Objective{{Name: "p99", Max: &limit}}}
}

func TestDefaultsAreValidAndKept(t *testing.T) {
	c := minimal()
	require.NoError(t, c.Validate())
	d := c.WithDefaults()
	require.NoError(t, d.Validate())
	require.Equal(t, d, d.WithDefaults())
	require.Equal(t, tuner.ModeShadow, d.Mode, "nothing is written unless somebody asked for it")
	require.Equal(t, 5*time.Minute, d.Stabilization)
	c.Cooldown = time.Second
	require.Equal(t, time.Second, c.WithDefaults().Cooldown)
}

func TestConfigRefusesNonsense(t *testing.T) {
	limit, low := 0.15, int64(-1)
	for name, c := range map[string]struct {
		change    func(*tuner.Config)
		complaint string
	}{
		"no app":             {func(c *tuner.Config) { c.App = "" }, "app is empty"},
		"unknown mode":       {func(c *tuner.Config) { c.Mode = "on" }, `mode is "on"`},
		"no objective":       {func(c *tuner.Config) { c.Objectives = nil }, "objectives are empty"},
		"two of a name":      {func(c *tuner.Config) { c.Objectives = append(c.Objectives, c.Objectives[0]) }, "declared twice"},
		"nameless":           {func(c *tuner.Config) { c.Objectives[0].Name = "" }, "objective 1 has no name"},
		"no limit":           {func(c *tuner.Config) { c.Objectives[0].Max = nil }, "exactly one of max and min"},
		"both limits":        {func(c *tuner.Config) { c.Objectives[0].Min = &limit }, "exactly one of max and min"},
		"ceiling below max":  {func(c *tuner.Config) { c.Objectives[0].Ceiling = 0.1 }, "lower max or raise the ceiling"},
		"negative ceiling":   {func(c *tuner.Config) { c.Objectives[0].Ceiling = -1 }, "make it positive"},
		"interval too short": {func(c *tuner.Config) { c.Interval = time.Millisecond }, "interval is 1ms"},
		"no ack in time":     {func(c *tuner.Config) { c.Interval, c.AckTimeout = time.Minute, time.Second }, "no instance could answer"},
		"negative cooldown":  {func(c *tuner.Config) { c.Cooldown = -1 }, "cooldown is -1ns"},
		"bold steps":         {func(c *tuner.Config) { c.OptimizeStep = 0.5 }, "optimize_step is 0.5"},
		"deaf dead band":     {func(c *tuner.Config) { c.DeadBand = 0.3 }, "wider than optimize_step"},
		"too many changes":   {func(c *tuner.Config) { c.ChangesPerHour = 100000 }, "changes_per_hour is 100000"},
		"unknown goal":       {func(c *tuner.Config) { c.Goal = "save" }, `goal is "save"`},
		"blind mode":         {func(c *tuner.Config) { c.BlindMode = "guess" }, `blind_mode is "guess"`},
		"unknown bound":      {func(c *tuner.Config) { c.Bounds = settings.Bounds{"producer.linger": {}} }, "unknown setting"},
		"pin out of range":   {func(c *tuner.Config) { c.Pins = settings.Values{"producer.linger.ms": settings.Number(low)} }, "below its lower limit"},
		"pin out of bounds": {func(c *tuner.Config) {
			top := int64(10)
			c.Bounds = settings.Bounds{"producer.linger.ms": {Max: &top}}
			c.Pins = settings.Values{"producer.linger.ms": settings.Number(20)}
		}, "pins outside the bounds"},
	} {
		t.Run(name, func(t *testing.T) {
			config := minimal()
			c.change(&config)
			require.ErrorContains(t, config.Validate(), c.complaint)
		})
	}
}

func TestStateOfAnotherVersionIsRefused(t *testing.T) {
	data, err := tuner.EncodeState(tuner.State{})
	require.NoError(t, err)
	require.JSONEq(t, `{"version":1}`, string(data))
	state, err := tuner.DecodeState(data)
	require.NoError(t, err)
	require.Equal(t, tuner.StateVersion, state.Version)

	for text, complaint := range map[string]string{
		`{"version":2}`:             "it has version 2, this build reads 1",
		`{}`:                        "it has no version",
		``:                          "unexpected end",
		`null`:                      "it has no version",
		`{"version":1} x`:           "invalid character",
		`{"version":1,"since":"x"}`: "decode tuner state",
	} {
		_, err := tuner.DecodeState([]byte(text))
		require.ErrorContains(t, err, complaint, text)
	}
}

// TestStateWithoutJSONIsRefused: no state that Decide makes holds such a number, but one may have been made by hand.
func TestStateWithoutJSONIsRefused(t *testing.T) {
	_, err := tuner.EncodeState(tuner.State{LoadAnchor: math.NaN()})
	require.ErrorContains(t, err, "encode tuner state")
}

func TestDecisionIsOneLine(t *testing.T) {
	d := tuner.Decision{
		Reason: tuner.Protected, Rule: "Queueing", Mode: tuner.ModeShadow, Detail: "p99 is 0.9, at most 0.15",
		Steps: []tuner.Step{
			{Setting: "producer.linger.ms", From: settings.Number(5), To: settings.Number(20)},
			{Setting: "producer.linger.ms", Topic: "hunt.commands", From: settings.Number(5)},
		},
	}
	for range 6 {
		d.Overruled = append(d.Overruled, tuner.Overruled{Rule: "Other", Setting: "producer.acks", Reason: tuner.DurabilityLocked})
	}
	require.Equal(t, "Protected by Queueing: producer.linger.ms 5 → 20, producer.linger.ms@hunt.commands 5 → unset; p99 is 0.9, at most 0.15 [shadow] "+
		"[overruled: Other: producer.acks DurabilityLocked, Other: producer.acks DurabilityLocked, Other: producer.acks DurabilityLocked, Other: producer.acks DurabilityLocked, …]", d.String())
	require.Equal(t, "Steady", tuner.Decision{Reason: tuner.Steady}.String())
}

func TestUnconfiguredDecideHolds(t *testing.T) {
	_, d := tuner.Decide(tuner.Config{}, tuner.State{}, tuner.Input{Now: begin()})
	require.Equal(t, tuner.Blind, d.Reason)
	require.Nil(t, d.Next)
}

// TestOverruledIsInOneOrder: whatever order the signals come in, the list of a decision is the same.
func TestOverruledIsInOneOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLoop()
		limit := 0.15
		l.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &limit}}
		l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
		l.instance("a")
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,4}`), 0, 100, rapid.ID).Draw(t, "rules")
		for i, name := range names {
			class := []tuner.Class{tuner.ClassProtect, tuner.ClassRelax, tuner.ClassOptimize}[i%3]
			l.in.Signals = append(l.in.Signals, tuner.Signal{Rule: name, Class: class, Mode: tuner.ModeEnforce})
		}
		listed := l.step(t).Overruled
		slices.Sort(names)
		require.LessOrEqual(t, len(listed), 64)
		for i, o := range listed {
			require.True(t, i == 0 || listed[i-1].Rule < o.Rule, "%v", listed)
			require.Contains(t, names, o.Rule)
			if len(names) == len(listed) {
				require.Equal(t, names[i], o.Rule)
			}
		}
	})
}

// TestMemoryOfLevelsIsBounded: of 24 levels none is forgotten; for one more, the one that was not seen for the longest.
func TestMemoryOfLevelsIsBounded(t *testing.T) {
	l := newLoop()
	l.cfg.Objectives = minimal().Objectives
	l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
	l.instance("a")
	long := begin().Add(-24 * time.Hour)
	values := settings.Values{settings.ProducerLingerMs: settings.Number(7)}
	l.document = settings.Document{Schema: 1, App: "hunt", Generation: 1, Settings: values}
	l.state = tuner.State{
		Version: tuner.StateVersion, Since: long, LastTick: begin().Add(-l.cfg.Interval), HealthySince: long, Generation: 1, Highest: 1,
		LoadLevel: 19, LevelSince: long, LevelAsked: true, FleetPeak: 1, FleetPeakAt: long,
	}
	for level := range 23 {
		seen := begin().Add(-time.Duration(level+1) * time.Hour)
		l.state.Levels = append(l.state.Levels, tuner.LevelMemory{Level: level - 10, Settings: values, Times: 1, Visit: seen, Seen: seen})
	}
	l.step(t)
	require.Len(t, l.state.Levels, 24)
	require.Equal(t, 19, l.state.Levels[23].Level)

	l.in.Load.Value = 1e6
	l.state.LoadLevel, l.state.LevelSince = 39, long
	l.step(t)
	require.Len(t, l.state.Levels, 24)
	require.Equal(t, []int{11, 19, 39}, []int{l.state.Levels[21].Level, l.state.Levels[22].Level, l.state.Levels[23].Level}, "level 12, seen 23 hours ago, is forgotten")
}

// TestBlindTicksAreNotRemembered: neither a reading nor a wish of a blind tick, nor of one whose clock went back, counts.
func TestBlindTicksAreNotRemembered(t *testing.T) {
	l := newLoop()
	l.cfg.Objectives = minimal().Objectives
	l.instance("a").Effective = settings.Values{settings.ProducerLingerMs: settings.Number(40)}
	l.in.Signals = []tuner.Signal{{Rule: "Lower", Class: tuner.ClassRelax, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
		{Set: settings.ProducerLingerMs, Op: tuner.OpTo, Operand: 20},
	}}}
	l.in.Objectives["p99"] = tuner.Reading{Value: 0.01}
	l.step(t)
	require.Empty(t, l.state.Recent)
	require.Empty(t, l.state.Wishes)

	l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
	l.step(t)
	require.Len(t, l.state.Recent, 1)
	require.Len(t, l.state.Wishes, 1)

	l.in.Now = l.in.Now.Add(-time.Hour)
	l.step(t)
	require.Empty(t, l.state.Recent, "the windows begin anew")
}

func TestLimitsThatAreNoNumbersAreRefused(t *testing.T) {
	nan, limit := math.NaN(), 0.15
	for _, o := range []tuner.Objective{
		{Name: "p99", Max: &nan}, {Name: "answered", Min: &nan}, {Name: "p99", Max: &limit, Ceiling: math.Inf(1)}, {Name: "p99", Max: &limit, Ceiling: nan},
	} {
		c := tuner.Config{App: "hunt", Objectives: []tuner.Objective{o}}
		require.ErrorContains(t, c.Validate(), "not a finite number")
	}
}
