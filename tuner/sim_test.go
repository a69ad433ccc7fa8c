package tuner_test

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// plant is a producer in front of a broker, just real enough that a wrong decision shows: a longer linger costs its own
// length in latency, a shorter one costs requests, and a broker near its capacity queues.
type plant struct {
	*loop
	random *rand.Rand
	load   float64 // records per second
	cost   float64 // seconds of broker for each request
	noise  float64 // relative, of every reading
	// stretch is by how much bursts stretch the wait of linger.
	stretch float64
	writes  []tuner.Decision
}

const (
	plantPartitions = 6
	plantDefault    = 5 // linger, in milliseconds
	plantLimit      = 0.150
)

//nolint:gochecknoglobals // a flag of the test binary
var seeds = flag.Uint64("seeds", 40, "how many plants TestPlantIsRescuedInThreeSteps tries")

func newPlant(seed uint64) *plant {
	p := &plant{loop: newLoop(), random: rand.New(rand.NewPCG(seed, 1)), load: 2000, cost: 0.0002, stretch: 1.02}
	p.sparse = true
	limit := plantLimit
	p.cfg.Objectives = []tuner.Objective{{Name: "p99", Max: &limit, Ceiling: 10}}
	p.cfg.LongestRange = 30 * time.Second
	p.cfg.Goal = tuner.Minimize
	for _, id := range []string{"a", "b"} {
		p.instance(id).Effective = settings.Values{settings.ProducerLingerMs: settings.Number(plantDefault)}
	}
	return p
}

func (p *plant) linger() float64 {
	v, ok := p.document.Settings[settings.ProducerLingerMs]
	if !ok {
		return plantDefault / 1000.0
	}
	return float64(v.Int()) / 1000
}

// requests is how many a second the producer sends at a linger: one for each record, or one for each partition and
// linger, whichever is fewer.
func (p *plant) requests(linger float64) float64 {
	return min(p.load, plantPartitions/max(linger, 1e-4))
}

func (p *plant) busy(linger float64) float64 { return p.requests(linger) * p.cost }

func (p *plant) latency(linger float64) float64 {
	busy := p.busy(linger)
	if busy >= 0.99 {
		return 10
	}
	return min(10, linger*p.stretch+4*p.cost/(1-busy))
}

func (p *plant) noisy(x float64) float64 { return x * (1 + p.noise*(2*p.random.Float64()-1)) }

// run ticks for a time and keeps what was written.
func (p *plant) run(t *testing.T, d time.Duration) {
	for range int(d / p.cfg.Interval) {
		l := p.linger()
		p99, busy := min(10, p.noisy(p.latency(l))), p.busy(l)
		p.in.Objectives["p99"] = tuner.Reading{Value: p99, OK: true}
		p.in.Load = tuner.Reading{Value: p.noisy(p.load), OK: true}
		p.in.Goal = tuner.Reading{Value: p.noisy(p.requests(l)), OK: true}
		p.in.Signals = p.signals(l, p99, busy)
		if d := p.step(t); d.Changes() {
			p.writes = append(p.writes, d)
		}
	}
}

// signals are rules as the packs have them.
func (p *plant) signals(linger, p99, busy float64) []tuner.Signal {
	var fired []tuner.Signal
	fire := func(rule string, class tuner.Class, op tuner.Op, operand float64) {
		low, high := int64(1), int64(500)
		fired = append(fired, tuner.Signal{Rule: rule, Group: "plant", Class: class, Mode: tuner.ModeEnforce, Actions: []tuner.Action{
			{Set: settings.ProducerLingerMs, Op: op, Operand: operand, Bound: settings.Bound{Min: &low, Max: &high}},
		}})
	}
	if busy > 0.8 {
		fire("Queueing", tuner.ClassProtect, tuner.OpMultiply, 4)
	}
	if linger > 0.3*p99 && p99 > plantLimit {
		fire("LingerDominates", tuner.ClassProtect, tuner.OpTarget, 1000*plantLimit/4)
	}
	if busy < 0.5 && p99 < 0.5*plantLimit {
		fire("Batch", tuner.ClassOptimize, tuner.OpMultiply, 1.25)
	}
	return fired
}

func (p *plant) count(prefix tuner.Reason) int {
	n := 0
	for _, d := range p.writes {
		if strings.HasPrefix(string(d.Reason), string(prefix)) {
			n++
		}
	}
	return n
}

// TestPlantIsRescuedInThreeSteps begins with a bad linger or a broker that is suddenly slow, and expects the objective
// back within three steps.
func TestPlantIsRescuedInThreeSteps(t *testing.T) {
	rescued, total := 0, 0
	for seed := range *seeds {
		p := newPlant(seed)
		p.noise = 0.1
		if seed%2 == 0 {
			start := 200 + p.random.Int64N(2000)
			for i := range p.in.Fleet {
				p.in.Fleet[i].Effective = settings.Values{settings.ProducerLingerMs: settings.Number(start)}
			}
			p.document = settings.Document{Schema: 1, App: "hunt", Generation: 1, Settings: settings.Values{settings.ProducerLingerMs: settings.Number(start)}}
		} else {
			p.load, p.cost = 3000+20000*p.random.Float64(), 0.0005+0.001*p.random.Float64()
		}
		p.run(t, 15*time.Minute)
		total++
		if p.latency(p.linger()) <= plantLimit && p.count(tuner.Protected) <= 3 {
			rescued++
		} else {
			t.Logf("seed %d: load %.0f cost %.5f linger %.0f ms p99 %.3f, %d writes", seed, p.load, p.cost, 1000*p.linger(), p.latency(p.linger()), len(p.writes))
		}
	}
	require.GreaterOrEqual(t, float64(rescued)/float64(total), 0.95)
}

// TestQuietDayWritesNothing runs 24 hours with a tenth of noise around settings that hold, and no goal.
func TestQuietDayWritesNothing(t *testing.T) {
	p := newPlant(7)
	p.noise = 0.1
	p.cfg.Goal = ""
	p.run(t, 24*time.Hour)
	require.Empty(t, p.writes)
}

// TestOptimisingStopsByItself follows a goal until the rule's own guard ends it: a twentieth of the requests, the
// objective held throughout, and nothing taken back.
func TestOptimisingStopsByItself(t *testing.T) {
	for seed := range uint64(2) {
		p := newPlant(seed)
		p.noise = 0.05
		p.run(t, 6*time.Hour)
		written := len(p.writes)
		require.Zero(t, p.count("TakenBack"))
		require.LessOrEqual(t, p.latency(p.linger()), plantLimit)
		require.LessOrEqual(t, p.requests(p.linger()), 0.1*p.requests(plantDefault/1000.0))
		p.run(t, 6*time.Hour)
		require.Len(t, p.writes, written)
	}
}

// TestLoadThatComesAndGoes is a square wave for two days whose halves want different settings: a long linger in the
// calm, a short one in the bursts. Once both are known, each change of load is answered in one step.
func TestLoadThatComesAndGoes(t *testing.T) {
	p := newPlant(3)
	p.noise = 0.05
	for half := range 12 {
		p.load, p.stretch = 2000, 1.02
		if half%2 == 1 {
			p.load, p.stretch = 12000, 2.5
		}
		before := len(p.writes)
		p.run(t, 4*time.Hour)
		require.LessOrEqual(t, p.latency(p.linger()), plantLimit)
		if half > 3 {
			require.Len(t, p.writes[before:], 1, "half %d", half)
			require.Equal(t, tuner.Recalled, p.writes[before].Reason)
		}
	}
}

// TestBurstsEveryFewMinutes would make a naive loop flap: it may not turn around more often than its budget.
func TestBurstsEveryFewMinutes(t *testing.T) {
	for seed := range uint64(2) {
		p := newPlant(seed)
		p.noise = 0.05
		for range 60 {
			p.load, p.stretch = 2000, 1.02
			p.run(t, 6*time.Minute)
			p.load, p.stretch = 12000, 2.5
			p.run(t, 4*time.Minute)
		}
		p.requireFewReversals(t)
	}
}

// requireFewReversals checks that no hour has more reversals than the budget, and one more for a take-back, which is
// never refused.
func (p *plant) requireFewReversals(t *testing.T) {
	var turns []time.Time
	last := 0
	for _, d := range p.writes {
		to := d.Steps[0].To
		if !to.IsSet() {
			to = settings.Number(plantDefault)
		}
		way := 1
		if to.Int() < d.Steps[0].From.Int() {
			way = -1
		}
		if last != 0 && way != last {
			turns = append(turns, d.Time)
		}
		last = way
	}
	for i := range turns {
		if j := i + p.cfg.ReversalsPerHour + 1; j < len(turns) {
			require.GreaterOrEqual(t, turns[j].Sub(turns[i]), time.Hour, "%d reversals within an hour", p.cfg.ReversalsPerHour+2)
		}
	}
	t.Logf("%d writes, %d reversals in %s", len(p.writes), len(turns), p.in.Now.Sub(begin()))
}
