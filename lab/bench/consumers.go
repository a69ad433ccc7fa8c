package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/veltrix/veltrix/lab"
)

// ConsumerOptions say what to measure.
type ConsumerOptions struct {
	// Kafka is where: see [lab.StartKafka].
	Kafka *lab.Kafka
	// Partitions is the list of numbers of partitions.
	Partitions []int
	// Records is how many a full topic has.
	Records int
	// Rate is the trickle's, in records a second; 0 leaves it out.
	Rate float64
	// Duration is the length of one measurement of the trickle.
	Duration time.Duration
	// Rounds is how often everything is measured.
	Rounds int
	// Out gets the progress.
	Out io.Writer
}

// DefaultConsumer returns the options of the full comparison.
func DefaultConsumer() ConsumerOptions {
	return ConsumerOptions{Partitions: []int{6, 60}, Records: 2_000_000, Rate: 200, Duration: 5 * time.Second, Rounds: 3}
}

// Consumers measures all scenarios and returns what it found.
func Consumers(ctx context.Context, o ConsumerOptions) (*Result, error) {
	b := &consumerBench{ConsumerOptions: o, result: &Result{Environment: environment(o.Kafka.What)}}
	for _, partitions := range o.Partitions {
		for _, s := range []Scenario{{Mode: Full, Partitions: partitions}, {Mode: Trickle, Partitions: partitions, Rate: o.Rate}} {
			if s.Mode == Trickle && s.Rate == 0 {
				continue
			}
			if err := b.scenario(ctx, s); err != nil {
				return b.result, fmt.Errorf("measure %s: %w", s, err)
			}
		}
	}
	b.result.Ratios = ratios(b.result.Runs)
	return b.result, nil
}

type consumerBench struct {
	ConsumerOptions
	result *Result
	groups int
}

// scenario measures all consumers in turns.
func (b *consumerBench) scenario(ctx context.Context, s Scenario) (err error) {
	begin := time.Now()
	topic, err := newTopic(ctx, b.Kafka, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dropTopic(b.Kafka, topic)) }()
	measure := b.trickle
	if s.Mode == Full {
		measure = b.full
		if err := b.fill(ctx, topic); err != nil {
			return err
		}
	}
	field := readerContenders()
	best := make([]Params, len(field))
	for i, c := range field {
		if best[i], err = b.search(ctx, s, topic, c, measure); err != nil {
			return err
		}
	}
	for round := range b.Rounds {
		for i := range field {
			at := (i + round) % len(field)
			run, err := measure(ctx, s, topic, field[at], best[at])
			if err != nil {
				return err
			}
			run.Round = round + 1
			b.result.Runs = append(b.result.Runs, run)
		}
	}
	summary(b.Out, b.result.Runs, s.String(), time.Since(begin))
	return nil
}

type measureReader func(ctx context.Context, s Scenario, topic string, c readerContender, p Params) (Run, error)

// search returns the settings with which c does best; the trials warm everything up, too. A trickle has nothing to gain
// from larger queues.
func (b *consumerBench) search(ctx context.Context, s Scenario, topic string, c readerContender, measure measureReader) (Params, error) {
	var best Run
	params := c.params[0]
	if s.Mode == Trickle {
		return params, nil
	}
	for i, p := range c.params {
		run, err := measure(ctx, s, topic, c, p)
		if err != nil {
			return params, err
		}
		if i == 0 || run.Throughput > best.Throughput {
			best, params = run, p
		}
	}
	return params, nil
}

// fill writes a topic's records.
func (b *consumerBench) fill(ctx context.Context, topic string) error {
	p, err := openLive(b.Kafka.Brokers, topic, Params{Batch: 1 << 20})
	if err != nil {
		return err
	}
	l := newLoad(Scenario{})
	var underway sync.WaitGroup
	var failed error
	var once sync.Once
	done := func(err error) {
		if err != nil {
			once.Do(func() { failed = err })
		}
		underway.Done()
	}
	for i := range b.Records {
		underway.Add(1)
		if err := p.send(ctx, l.keys[i%keys], l.value, done); err != nil {
			done(err)
			break
		}
	}
	underway.Wait()
	return errors.Join(failed, p.close(ctx))
}

// read lets c read a topic as a new group until enough says so, or ctx ends.
func (b *consumerBench) read(ctx context.Context, topic string, c readerContender, p Params, handle func([][]byte) (enough bool)) error {
	b.groups++
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o := readOptions{brokers: b.Kafka.Brokers, topic: topic, group: fmt.Sprintf("%s-%d", topic, b.groups), params: p}
	return c.read(ctx, o, func(values [][]byte) {
		if handle(values) {
			stop()
		}
	})
}

// full measures how fast a full topic is read, from the first records to the last, so that joining the group is not in it.
func (b *consumerBench) full(ctx context.Context, s Scenario, topic string, c readerContender, p Params) (Run, error) {
	runtime.GC()
	t := newTally()
	var mu sync.Mutex
	var first time.Time
	var before usage
	cpu := b.Kafka.CPU()
	got := 0
	err := b.read(ctx, topic, c, p, func(values [][]byte) bool {
		mu.Lock()
		defer mu.Unlock()
		if got == 0 {
			first, before = time.Now(), usageNow()
		} else {
			t.acknowledged.Add(int64(len(values)))
		}
		got += len(values)
		if got < b.Records {
			return false
		}
		if t.elapsed == 0 {
			t.elapsed, t.usage = time.Since(first), usageNow().since(before)
		}
		return true
	})
	if err == nil && got < b.Records {
		err = fmt.Errorf("%s read %d of %d records: %w", c.name, got, b.Records, ctx.Err())
	}
	run := runOf(s, c.name, p, 0, t, 0)
	run.BrokerCPU = b.Kafka.CPU() - cpu
	return run, err
}

// trickle measures how long a record takes from its writer's call to its reader's hands while few come.
func (b *consumerBench) trickle(ctx context.Context, s Scenario, topic string, c readerContender, params Params) (Run, error) {
	none := time.Duration(0)
	p, err := openLive(b.Kafka.Brokers, topic, Params{Linger: &none})
	if err != nil {
		return Run{}, err
	}
	born := time.Now()
	t := newTally()
	var mu sync.Mutex
	var before usage
	var begin time.Duration // when measuring began, counted from born; 0 while the group gathers
	writing, halt := context.WithCancel(ctx)
	written := make(chan error, 1)
	go func() { written <- drip(writing, p, s.Rate, born) }()
	err = b.read(ctx, topic, c, params, func(values [][]byte) bool {
		now := time.Since(born)
		mu.Lock()
		defer mu.Unlock()
		for _, v := range values {
			sent := time.Duration(binary.BigEndian.Uint64(v))
			if binary.BigEndian.Uint64(v[8:]) != uint64(born.UnixNano()) {
				continue // an earlier measurement's
			}
			if begin == 0 {
				begin, before = now+settleFor, usageNow()
			}
			if sent > begin {
				t.record(0, now-sent, nil)
			}
		}
		return begin > 0 && now > begin+b.Duration
	})
	halt()
	t.elapsed = time.Since(born) - begin
	t.usage = usageNow().since(before)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	return runOf(s, c.name, params, 0, t, 0), errors.Join(err, <-written, p.close(closing))
}

// settleFor is the time between a reader's first record and the beginning of the measurement.
const settleFor = 500 * time.Millisecond

// drip writes records at a rate until ctx ends. Each says when it was written, counted from born, and born itself.
func drip(ctx context.Context, p producer, rate float64, born time.Time) error {
	ticks := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticks.Stop()
	var once sync.Once
	var failed error
	var underway sync.WaitGroup
	defer underway.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			underway.Wait()
			return failed
		case <-ticks.C:
		}
		value := make([]byte, recordSize)
		binary.BigEndian.PutUint64(value[8:], uint64(born.UnixNano()))
		underway.Add(1)
		binary.BigEndian.PutUint64(value, uint64(time.Since(born)))
		done := func(err error) {
			if err != nil {
				once.Do(func() { failed = err })
			}
			underway.Done()
		}
		if err := p.send(context.WithoutCancel(ctx), fmt.Appendf(nil, "key-%d", i%keys), value, done); err != nil {
			done(err)
		}
	}
}
