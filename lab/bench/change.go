package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

const (
	// changeRate is the load under which settings change, in records a second.
	changeRate = 20000
	// changeEvery is the pause between two changes.
	changeEvery = 200 * time.Millisecond
	changeApp   = "bench"
)

// turntable is a source of settings that delivers what is put on it.
type turntable struct{ updates chan settings.Update }

// Watch delivers updates until ctx ends.
func (t turntable) Watch(ctx context.Context, apply func(settings.Update)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case u := <-t.updates:
			apply(u)
		}
	}
}

// Join takes reports until ctx ends; nobody reads them.
func (turntable) Join(ctx context.Context, _ string, reports <-chan settings.Report) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-reports:
		}
	}
}

// change measures what a change of settings does to a producer under load: in turns a time without changes, and one in
// which a setting changes every 200 ms. The values are so near each other that latency itself hardly changes by them.
func (b *producerBench) change(ctx context.Context) (err error) {
	s := Scenario{Mode: Open, Partitions: 6, Rate: changeRate}
	topic, err := newTopic(ctx, b.Kafka, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dropTopic(b.Kafka, topic)) }()
	source := turntable{updates: make(chan settings.Update)}
	runtime, err := live.NewRuntime(live.RuntimeOptions{
		App: changeApp, ID: "one", Source: source, Base: settings.Values{settings.ProducerLingerMs: settings.Number(1)},
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runtime.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	p, err := newLive(runtime, b.Kafka.Brokers, topic)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		err = errors.Join(err, p.close(closing))
	}()
	return b.turns(ctx, s, p, &changer{source: source})
}

// Names of the two halves of a turn.
const (
	Steady   = "steady"
	Changing = "changing"
)

// turns measures both halves in turns.
func (b *producerBench) turns(ctx context.Context, s Scenario, p producer, c *changer) error {
	l := newLoad(s)
	l.run(ctx, p, b.Duration/2)
	begin := time.Now()
	for round := range b.Rounds {
		for _, what := range []string{Steady, Changing} {
			before := p.requests()
			halt := func() int { return 0 }
			if what == Changing {
				halt = c.start(ctx)
			}
			t := l.run(ctx, p, b.Duration)
			changes := halt()
			run := runOf(s, what, Params{}, round+1, t, p.requests()-before)
			run.Name, run.Params = changeName, fmt.Sprintf("%d changes", changes)
			b.result.Runs = append(b.result.Runs, run)
		}
	}
	summary(b.Out, b.result.Runs, changeName, time.Since(begin))
	return ctx.Err()
}

// changeName names the scenario in results.
const changeName = "live-change-20000-per-s-6-partitions"

// changer puts one document after the other on the turntable.
type changer struct {
	source     turntable
	generation int64
}

// start begins to change settings, and returns what ends it and tells how many changes there were.
func (c *changer) start(ctx context.Context) (halt func() int) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan int, 1)
	go func() {
		ticks := time.NewTicker(changeEvery)
		defer ticks.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				done <- n
				return
			case <-ticks.C:
				c.next()
			}
		}
	}()
	return func() int {
		cancel()
		return <-done
	}
}

// next delivers the next document: sizes, compression and memory in turns.
func (c *changer) next() {
	c.generation++
	odd := c.generation % 2
	c.source.updates <- settings.Update{Document: settings.Document{
		Schema: settings.SchemaVersion, App: changeApp, Generation: c.generation, Settings: settings.Values{
			settings.ProducerLingerMs:        settings.Number(1 + odd),
			settings.ProducerBatchSize:       settings.Number(128<<10 + odd<<10),
			settings.ProducerBatchMaxRecords: settings.Number(1000 + odd),
			settings.ProducerBufferMemory:    settings.Number((32 + odd) << 20),
		},
	}}
}
