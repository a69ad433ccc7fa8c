package tuner_test

import (
	"fmt"
	"testing"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// BenchmarkDecide is a tick with 200 firing rules that ask for 50 settings: every number of the table for the whole
// application, and for topics where that is allowed.
func BenchmarkDecide(b *testing.B) {
	for _, broken := range []bool{true, false} {
		b.Run(fmt.Sprintf("broken=%t", broken), func(b *testing.B) {
			l := newLoop()
			limit := 0.15
			l.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &limit}}
			l.in.Objectives["p99"] = tuner.Reading{Value: 0.01, OK: true}
			if broken {
				l.in.Objectives["p99"] = tuner.Reading{Value: 0.9, OK: true}
			}
			for i := range 5 {
				l.instance(fmt.Sprintf("i%d", i)).Effective = settings.Defaults()
			}
			l.in.Signals = manySignals(200, 50)
			for range 30 {
				l.step(b)
			}
			l.in.Document = l.document
			b.ReportAllocs()
			for b.Loop() {
				tuner.Decide(l.cfg, l.state, l.in)
			}
		})
	}
}

func manySignals(n, places int) []tuner.Signal {
	var actions []tuner.Action
	for topic := 0; len(actions) < places; topic++ {
		for _, row := range settings.All() {
			if row.Kind == settings.Enum || topic > 0 && !row.PerTopic || len(actions) == places {
				continue
			}
			a := tuner.Action{Set: row.Name, Op: tuner.OpMultiply, Operand: 1.2}
			if topic > 0 {
				a.Topic = fmt.Sprintf("topic-%d", topic)
			}
			actions = append(actions, a)
		}
	}
	classes := []tuner.Class{tuner.ClassProtect, tuner.ClassRelax}
	signals := make([]tuner.Signal, n)
	for i := range signals {
		signals[i] = tuner.Signal{
			Rule: fmt.Sprintf("Rule%03d", i), Group: "bench", Class: classes[i%2], Mode: tuner.ModeEnforce, Value: 1,
			Actions: []tuner.Action{actions[i%len(actions)]},
		}
	}
	return signals
}
