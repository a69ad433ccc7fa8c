package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/veltrix/veltrix/lab"
)

// ProducerOptions say what to measure.
type ProducerOptions struct {
	// Kafka is where: see [lab.StartKafka].
	Kafka *lab.Kafka
	// Partitions, Callers and Rates span the scenarios: every number of partitions with every number of callers in a
	// closed loop, and with every rate in an open one.
	Partitions []int
	Callers    []int
	Rates      []float64
	// Async adds the asynchronous scenario.
	Async bool
	// Java adds Kafka's own tool to it, where there is Java.
	Java bool
	// Change adds the scenario in which settings change under load.
	Change bool
	// Duration is the length of one measurement, Search that of one trial of a client's settings.
	Duration, Search time.Duration
	// Rounds is how often everything is measured.
	Rounds int
	// Out gets the progress.
	Out io.Writer
}

// DefaultProducer returns the options of the full comparison.
func DefaultProducer() ProducerOptions {
	return ProducerOptions{
		Partitions: []int{6, 60}, Callers: []int{64, 512, 2048}, Rates: []float64{500, 5000, 20000, 40000}, Async: true, Java: true, Change: true,
		Duration: 3 * time.Second, Search: time.Second, Rounds: 3,
	}
}

func (o ProducerOptions) scenarios() []Scenario {
	var all []Scenario
	for _, p := range o.Partitions {
		for _, c := range o.Callers {
			all = append(all, Scenario{Mode: Closed, Partitions: p, Callers: c})
		}
		for _, r := range o.Rates {
			all = append(all, Scenario{Mode: Open, Partitions: p, Rate: r})
		}
		if o.Async {
			all = append(all, Scenario{Mode: Async, Partitions: p})
		}
	}
	return all
}

// Producers measures all scenarios and returns what it found. A client that fails in a scenario has errors there; the
// comparison goes on.
func Producers(ctx context.Context, o ProducerOptions) (*Result, error) {
	b := &producerBench{ProducerOptions: o, result: &Result{Environment: environment(o.Kafka.What)}}
	for _, s := range o.scenarios() {
		if err := b.scenario(ctx, s); err != nil {
			return b.result, fmt.Errorf("measure %s: %w", s, err)
		}
	}
	if o.Change {
		if err := b.change(ctx); err != nil {
			return b.result, fmt.Errorf("measure changes of settings: %w", err)
		}
	}
	b.result.Ratios = ratios(b.result.Runs)
	return b.result, nil
}

type producerBench struct {
	ProducerOptions
	result *Result
	// javaBest are the settings that Kafka's own tool chose.
	javaBest Params
}

// chosen is a client with the settings that it is measured with.
type chosen struct {
	contender
	best Params
}

// scenario lets every client choose its settings, then measures all of them in turns.
func (b *producerBench) scenario(ctx context.Context, s Scenario) (err error) {
	topic, err := newTopic(ctx, b.Kafka, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dropTopic(b.Kafka, topic)) }()
	begin := time.Now()
	if err := b.warm(ctx, s, topic); err != nil {
		return err
	}
	var field []chosen
	for _, c := range contenders(s.Mode) {
		best, err := b.search(ctx, s, topic, c)
		if err != nil {
			return err
		}
		field = append(field, chosen{c, best})
	}
	for round := range b.Rounds {
		for i := range field {
			c := field[(i+round)%len(field)]
			run, err := b.measure(ctx, s, topic, c.contender, c.best, b.Duration)
			if err != nil {
				return err
			}
			run.Round = round + 1
			b.result.Runs = append(b.result.Runs, run)
		}
		if s.Mode == Async {
			if err := b.java(ctx, s, topic, round+1); err != nil {
				return err
			}
		}
	}
	summary(b.Out, b.result.Runs, s.String(), time.Since(begin))
	return nil
}

// warm lets every client run once, unmeasured: a broker that was just started answers slowly, and the settings that are
// tried first would look bad for it.
func (b *producerBench) warm(ctx context.Context, s Scenario, topic string) error {
	for _, c := range contenders(s.Mode) {
		if _, err := b.measure(ctx, s, topic, c, c.params[0], b.Search); err != nil {
			return err
		}
	}
	return nil
}

// search returns the settings of the grid with which c does best.
func (b *producerBench) search(ctx context.Context, s Scenario, topic string, c contender) (Params, error) {
	var best Run
	params := c.params[0]
	for i, p := range c.params {
		run, err := b.measure(ctx, s, topic, c, p, b.Search)
		if err != nil {
			return params, err
		}
		if i == 0 || better(run, best) {
			best, params = run, p
		}
	}
	return params, nil
}

// better says whether a is the better run of a scenario: in an open loop the lower latency unless it comes from losing
// records, else the higher throughput.
func better(a, b Run) bool {
	if a.Mode != Open {
		return a.Throughput > b.Throughput
	}
	const level = 0.001
	lostA, lostB := lost(a), lost(b)
	if (lostA > level) != (lostB > level) {
		return lostA < lostB
	}
	return a.P99Ms < b.P99Ms
}

// lost is the share of the records that were dropped or failed.
func lost(r Run) float64 {
	gone := float64(r.Dropped + r.Errors)
	return gone / max(1, gone+r.Throughput)
}

// closeWithin bounds the end of a client.
const closeWithin = 30 * time.Second

// measure runs one client for d, after a short warm-up of its connections.
func (b *producerBench) measure(ctx context.Context, s Scenario, topic string, c contender, params Params, d time.Duration) (run Run, err error) {
	p, err := c.open(b.Kafka.Brokers, topic, params)
	if err != nil {
		return run, fmt.Errorf("make %s with %s: %w", c.name, params, err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		err = errors.Join(err, p.close(closing))
	}()
	l := newLoad(s)
	l.run(ctx, p, min(d/4, time.Second))
	runtime.GC()
	before, cpu := p.requests(), b.Kafka.CPU()
	t := l.run(ctx, p, d)
	run = runOf(s, c.name, params, 0, t, p.requests()-before)
	run.BrokerCPU = b.Kafka.CPU() - cpu
	return run, ctx.Err()
}
