package simulation

import (
	"math"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// What is measured.
const (
	readP99 = iota
	readTimeouts
	readLoad
	readRequests
	readBusy
	readQueueP99
	readQueueMean
	readRequest
	readRequestP99
	readings // how many
)

// scrape is what one scrape saw.
type scrape struct {
	tick   int
	values [readings]float64
}

// Rules are evaluated outside the simulation, in the place of its own signals.
type Rules interface {
	// Scraped is called at every tick of the world.
	Scraped(w *World, seen Seen)
	// Signals returns what fires; own is what the simulation itself would say.
	Signals(now time.Time, own []tuner.Signal) []tuner.Signal
}

// Seen is what one scrape saw: the truth with noise.
type Seen struct {
	Truth

	Load float64
	// Lost says that the scrape did not come through. What it counts is in the next one.
	Lost bool
}

// scrape adds what was true to the window that queries see, with noise, unless it is lost.
func (w *World) scrape(load float64) {
	t := w.Truth
	s := scrape{tick: w.tick, values: [readings]float64{
		t.P99, t.Timeouts, load, t.Requests, t.Busy, t.QueueP99, t.QueueMean, t.Request, t.RequestP99,
	}}
	for i := range s.values {
		s.values[i] = w.noises[i].Around(s.values[i])
	}
	// A latency is cut off at its ceiling, a share at one.
	s.values[readP99] = min(s.values[readP99], deliveryTimeout)
	s.values[readBusy] = min(s.values[readBusy], 1)
	s.values[readTimeouts] = min(s.values[readTimeouts], 1)
	lost := w.drops.Float64() < w.Loss
	if !lost {
		w.window = append(w.window, s)
	}
	if w.Rules != nil {
		w.Rules.Scraped(w, s.seen(lost))
	}
	kept := int(w.Config.LongestRange/w.Config.Interval) + w.Delay
	for len(w.window) > 0 && w.window[0].tick <= w.tick-kept {
		w.window = w.window[1:]
	}
}

func (s scrape) seen(lost bool) Seen {
	v := s.values
	return Seen{Load: v[readLoad], Lost: lost, Truth: Truth{
		P99: v[readP99], QueueP99: v[readQueueP99], QueueMean: v[readQueueMean], Request: v[readRequest], RequestP99: v[readRequestP99],
		Requests: v[readRequests], Busy: v[readBusy], Timeouts: v[readTimeouts],
	}}
}

// read is the mean over the range, of scrapes that can be seen already; false if there are fewer than two of them.
func (w *World) read() ([readings]float64, bool) {
	var sum [readings]float64
	n := 0
	for _, s := range w.window {
		if s.tick > w.tick-w.Delay {
			continue
		}
		n++
		for i, v := range s.values {
			sum[i] += v
		}
	}
	for i := range sum {
		sum[i] /= float64(max(1, n))
	}
	return sum, n >= 2 && !w.Blind
}

func (w *World) input() tuner.Input {
	in := tuner.Input{Now: w.Now, Fleet: w.fleet, Document: w.Document, DecisionID: w.Now.Format("150405")}
	seen, ok := w.read()
	if !ok {
		nothing := tuner.Reading{Value: math.NaN(), Why: "no data"}
		in.Objectives = map[string]tuner.Reading{"p99": nothing, "timeouts": nothing}
		in.Load, in.Goal = nothing, nothing
		return in
	}
	in.Objectives = map[string]tuner.Reading{"p99": {Value: seen[readP99], OK: true}, "timeouts": {Value: seen[readTimeouts], OK: true}}
	in.Load = tuner.Reading{Value: seen[readLoad], OK: true}
	in.Goal = tuner.Reading{Value: seen[readRequests], OK: true}
	if in.Signals = w.signals(seen); w.Rules != nil {
		in.Signals = w.Rules.Signals(w.Now, in.Signals)
	}
	return in
}

// signals are the rules of the shipped pack, and one that optimises.
func (w *World) signals(seen [readings]float64) []tuner.Signal {
	linger := float64(w.value(settings.ProducerLingerMs)) / 1000
	model := 1000 * math.Sqrt(linger*1.5*seen[readRequest])
	var fired []tuner.Signal
	if seen[readBusy] > 0.5 && seen[readQueueP99] > 2*linger+0.005 {
		fired = append(fired, rule("ProducerQueueing", tuner.ClassProtect, 20, settings.ProducerLingerMs, tuner.OpTarget, 1000*seen[readRequest], 2, 100))
	}
	if linger > 0.005+3*seen[readRequest] && seen[readQueueMean] > seen[readRequest] && seen[readBusy] < 0.5 {
		fired = append(fired, rule("ProducerLingerDominates", tuner.ClassProtect, 20, settings.ProducerLingerMs, tuner.OpTarget, model, 2, 1000))
	}
	if seen[readTimeouts] > 0.001 && seen[readRequestP99] > 0.5*float64(w.value(settings.ProducerRequestTimeoutMs))/1000 {
		fired = append(fired, rule("ProducerTimeouts", tuner.ClassProtect, 10, settings.ProducerRequestTimeoutMs, tuner.OpMultiply, 2, 1000, 60000))
	}
	// A longer linger asks for fewer requests, and costs its own length: the target is what the margin leaves.
	room := (1-w.Config.Margin)*Limit - seen[readP99]
	if room > 0 && w.Config.Goal != "" {
		fired = append(fired, rule("ProducerFewerRequests", tuner.ClassOptimize, 0, settings.ProducerLingerMs, tuner.OpTarget, 1000*(linger+room), 0, 500))
	}
	return fired
}

func rule(name string, class tuner.Class, priority int, set settings.Name, op tuner.Op, operand float64, low, high int64) tuner.Signal {
	return tuner.Signal{Rule: name, Group: "simulation", Class: class, Priority: priority, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
		{Set: set, Op: op, Operand: operand, Bound: settings.Bound{Min: &low, Max: &high}},
	}}
}
