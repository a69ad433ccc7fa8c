package tuner_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// longRunning is a loop that has held its objective for a day with one instance, whose linger is 40 ms.
func longRunning() *loop {
	l := newLoop()
	l.cfg.Objectives = minimal().Objectives
	l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
	l.instance("a").Effective = settings.Values{settings.ProducerLingerMs: settings.Number(40)}
	long := begin().Add(-24 * time.Hour)
	l.state = tuner.State{
		Version: tuner.StateVersion, Since: long, LastTick: begin().Add(-l.cfg.Interval), HealthySince: long,
		LoadLevel: 19, LevelSince: long, LevelAsked: true, FleetPeak: 1, FleetPeakAt: long,
	}
	return l
}

// TestTrialWithoutReadingsFromBefore: a state that another build left, or a hand, may have one. It is judged by what the
// objectives promise alone.
func TestTrialWithoutReadingsFromBefore(t *testing.T) {
	for _, c := range []struct {
		name     string
		p99      float64
		breaches int
		want     tuner.Reason
	}{
		{"it breaks the objective", 0.9, 1, tuner.TakenBackWorse},
		{"it has no margin left", 0.149, 0, tuner.Kept},
	} {
		l := longRunning()
		l.in.Objectives["p99"] = tuner.Reading{Value: c.p99, OK: true}
		l.document = settings.Document{Schema: 1, App: "hunt", Generation: 1, Settings: settings.Values{settings.ProducerLingerMs: settings.Number(40)}}
		hour := begin().Add(-time.Hour)
		l.state.Generation, l.state.Highest = 1, 1
		l.state.Trial = &tuner.Trial{
			Rule: "Longer", Class: tuner.ClassRelax, Generation: 1, Applied: hour, Acked: hour, Ticks: 100, Breaches: c.breaches,
			Steps:    []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(32), To: settings.Number(40)}},
			Readings: samples(119, c.p99),
		}
		d := l.step(t)
		require.Equal(t, c.want, d.Reason, "%s: %s", c.name, d)
	}
}

func samples(n int, p99 float64) []tuner.Sample {
	var all []tuner.Sample
	for range n {
		all = append(all, tuner.Sample{Time: begin(), Load: 1000, Objectives: map[string]float64{"p99": p99}})
	}
	return all
}

// TestWishesAreBounded: where rules wish for more topics than are watched, the wishes that are not watched move nothing.
func TestWishesAreBounded(t *testing.T) {
	l := longRunning()
	l.cfg.ChangesPerHour = 120
	s := l.signal("Longer")
	s.Class = tuner.ClassRelax
	for i := range 129 {
		s.Actions = append(s.Actions, tuner.Action{Set: settings.ProducerLingerMs, Topic: fmt.Sprintf("t%03d", i), Op: tuner.OpMultiply, Operand: 1.2})
	}
	d := l.step(t)
	require.Len(t, l.state.Wishes, 128)
	for _, o := range d.Overruled {
		if o.Reason == tuner.Stabilizing {
			require.Equal(t, "the wishes for 128 others are watched already", o.Detail)
			return
		}
	}
	require.Fail(t, "nothing was overruled for it", "%s", d)
}

// TestFreezeEndsThoughTheClockWentBack: a freeze lasts an hour from now at most, whatever the clock said when it began.
func TestFreezeEndsThoughTheClockWentBack(t *testing.T) {
	for _, c := range []struct{ until, want time.Duration }{{24 * time.Hour, time.Hour}, {30 * time.Minute, 30 * time.Minute}} {
		l := longRunning()
		l.state.LastTick = begin().Add(time.Minute)
		l.state.Frozen = map[settings.Name]time.Time{settings.ProducerLingerMs: begin().Add(c.until)}
		require.Equal(t, tuner.ClockBack, l.step(t).Reason)
		require.Equal(t, begin().Add(c.want), l.state.Frozen[settings.ProducerLingerMs])
	}
}

// TestGenerationsAreAboveWhatInstancesKnow: they may know a document that etcd has lost. One that nobody can have written is
// no generation.
func TestGenerationsAreAboveWhatInstancesKnow(t *testing.T) {
	for known, want := range map[int64]int64{41: 42, 1 << 60: 1} {
		l := longRunning()
		l.in.Objectives["p99"] = tuner.Reading{Value: 0.9, OK: true}
		l.instance("a").Generation = known
		l.slow["a"] = true
		l.signal("Lower").Class = tuner.ClassProtect
		l.signal("Lower").Actions = []tuner.Action{{Set: settings.ProducerLingerMs, Op: tuner.OpTo, Operand: 20}}
		require.Equal(t, want, l.step(t).NextGeneration)
	}
}

// TestEvidenceNamesTheRules: by group and name; a signal without a group by its name alone.
func TestEvidenceNamesTheRules(t *testing.T) {
	l := longRunning()
	l.signal("Lower").Group = ""
	l.signal("Higher").Value = 2
	require.Equal(t, map[string]float64{"Lower": 1, "test/Higher": 2}, l.step(t).Evidence.Rules)
}
