package simulation

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Options say what world to make. The zero value of a field is the plain case.
type Options struct {
	Seed  uint64
	Shape Shape
	Noise Noise
	// Spread is the standard deviation of a scrape's relative error.
	Spread float64
	// Delay is how many ticks late a scrape is seen, Loss the share of scrapes that are lost.
	Delay int
	Loss  float64
	// AckDelay is how many ticks an instance needs to apply a document.
	AckDelay int
	// Base is the load that the shape multiplies, records a second.
	Base float64
	// Goal lets requests be minimised.
	Goal bool
	// Rules are asked what fires; nil: the simulation's own signals.
	Rules Rules
}

// Limit is the objective of every simulated application: the 99th percentile of a record's latency, in seconds.
const Limit = 0.150

// World is one application in virtual time.
type World struct {
	Options
	Plant  Plant
	Config tuner.Config
	State  tuner.State
	// Document is what etcd holds.
	Document settings.Document
	Now      time.Time
	Writes   []tuner.Decision
	Last     tuner.Decision
	// Truth is what was true at the last tick, Offered the load then.
	Truth   Truth
	Offered float64
	// Blind makes every reading useless, as when Prometheus is away. Stuck makes every request time out.
	Blind, Stuck bool
	// Restart encodes and decodes the state between two ticks.
	Restart func(tick int) bool

	random, drops *rand.Rand
	noises        [readings]*Source
	window        []scrape
	fleet         []settings.Report
	acks          []int
	tick          int
}

// Begin is when every simulation starts.
func Begin() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }

// New makes a world with a plant of its own: brokers, partitions and costs are drawn from the seed.
func New(o Options) *World {
	random := rand.New(rand.NewPCG(o.Seed, 0x5eed))                                                   //nolint:gosec // a simulation is repeatable, not secret
	w := &World{Options: o, random: random, drops: rand.New(rand.NewPCG(o.Seed, 0xd0)), Now: Begin()} //nolint:gosec // as above
	if w.Shape.Load == nil {
		w.Shape = Quiet()
	}
	if w.Base == 0 {
		w.Base = 1000 + 3000*random.Float64()
	}
	w.Plant = Plant{
		Partitions: float64(6 + random.IntN(24)), RecordBytes: float64(100 + random.IntN(900)), RoundTrip: 0.0003 + 0.0007*random.Float64(),
		PerRequest: 0.0001 + 0.0002*random.Float64(), PerByte: 2e-9, Brokers: 3, Slow: 1, Tail: 1 + 2*random.Float64(),
	}
	limit, few := Limit, 0.001
	w.Config = tuner.Config{
		App: "simulated", Mode: tuner.ModeEnforce, LongestRange: 30 * time.Second,
		Objectives: []tuner.Objective{{Name: "p99", Max: &limit, Ceiling: deliveryTimeout}, {Name: "timeouts", Max: &few}},
	}.WithDefaults()
	if o.Goal {
		w.Config.Goal = tuner.Minimize
	}
	for i := range w.noises {
		w.noises[i] = NewSource(random, o.Noise, o.Spread)
	}
	for i := range 3 {
		w.fleet = append(w.fleet, settings.Report{ID: fmt.Sprintf("i%d", i), App: w.Config.App, Effective: settings.Defaults()})
	}
	w.acks = make([]int, len(w.fleet))
	return w
}

// Set writes a document as an operator would before the loop starts.
func (w *World) Set(values settings.Values) {
	w.Document = settings.Document{Schema: settings.SchemaVersion, App: w.Config.App, Generation: 1, Settings: values}
	for i := range w.fleet {
		w.fleet[i].Generation = 1
	}
}

// Run lets d pass.
func (w *World) Run(d time.Duration) {
	for range int(d / w.Config.Interval) {
		w.Tick()
	}
}

// Tick lets one interval pass, measures, decides and obeys.
func (w *World) Tick() {
	at := w.Now.Sub(Begin())
	w.Plant.Slow, w.Plant.Lost = 1, 0
	if w.Shape.Slow != nil {
		w.Plant.Slow = w.Shape.Slow(at)
	}
	if w.Shape.Lost != nil {
		w.Plant.Lost = w.Shape.Lost(at)
	}
	load := w.Load()
	w.Offered = load
	w.Truth = w.Plant.Advance(w.Tuned(), load, w.Config.Interval.Seconds())
	if w.Stuck {
		w.Truth.P99, w.Truth.Timeouts, w.Truth.RequestP99 = deliveryTimeout, 1, deliveryTimeout
	}
	w.scrape(load)
	w.acknowledge()
	w.decide()
	w.Now = w.Now.Add(w.Config.Interval)
	w.tick++
}

// Load is the true load now.
func (w *World) Load() float64 { return w.Base * w.Shape.Load(w.Now.Sub(Begin())) }

func (w *World) decide() {
	if w.Restart != nil && w.Restart(w.tick) {
		w.restart()
	}
	in := w.input()
	state, d := tuner.Decide(w.Config, w.State, in)
	w.State, w.Last = state, d
	if d.Next == nil {
		return
	}
	w.Document = *d.Next
	w.Writes = append(w.Writes, d)
	for i := range w.acks {
		w.acks[i] = w.tick + 1 + w.AckDelay
	}
}

func (w *World) restart() {
	data, err := tuner.EncodeState(w.State)
	if err != nil {
		panic(fmt.Sprintf("the state of tick %d does not encode: %v", w.tick, err))
	}
	if w.State, err = tuner.DecodeState(data); err != nil {
		panic(fmt.Sprintf("the state of tick %d does not decode: %v", w.tick, err))
	}
}

// acknowledge lets instances apply the document, each when its time has come.
func (w *World) acknowledge() {
	for i := range w.fleet {
		if w.fleet[i].Generation != w.Document.Generation && w.tick >= w.acks[i] {
			w.fleet[i].Generation = w.Document.Generation
		}
	}
}

// Tuned is what the document means for the plant.
func (w *World) Tuned() Tuned {
	return Tuned{
		Linger: float64(w.value(settings.ProducerLingerMs)) / 1000, BatchBytes: float64(w.value(settings.ProducerBatchSize)),
		RequestTimeout: float64(w.value(settings.ProducerRequestTimeoutMs)) / 1000,
	}
}

func (w *World) value(name settings.Name) int64 {
	if v, ok := w.Document.Settings[name]; ok {
		return v.Int()
	}
	row, _ := settings.Lookup(name)
	return row.Default.Int()
}

// Count says how many writes have a reason that begins so.
func (w *World) Count(reason string) int {
	n := 0
	for _, d := range w.Writes {
		if strings.HasPrefix(string(d.Reason), reason) {
			n++
		}
	}
	return n
}
