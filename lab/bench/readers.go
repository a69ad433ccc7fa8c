package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/veltrix/veltrix/live"
)

// commitEvery is how often every consumer commits.
const commitEvery = time.Second

// maxWait is the default of fetch.max.wait.ms; kafka-go's own 10 s would keep Close waiting.
const maxWait = 500 * time.Millisecond

// readerContender is a consumer with the settings it may choose between.
type readerContender struct {
	name   string
	params []Params
	// read reads the topic from its beginning as the only member of a group until ctx ends, and calls handle with the
	// values. It returns nil then.
	read func(ctx context.Context, o readOptions, handle func(values [][]byte)) error
}

type readOptions struct {
	brokers      []string
	topic, group string
	params       Params
}

// ReaderBest is kafka-go's Reader with the best of a few queue capacities.
const ReaderBest = "reader-best"

func readerContenders() []readerContender {
	return []readerContender{
		{Live, []Params{{}}, readLive},
		{Franz, []Params{{}}, readFranz},
		{ReaderBest, []Params{{}, {Batch: 1000}, {Batch: 10000}}, readReader},
	}
}

func readLive(ctx context.Context, o readOptions, handle func([][]byte)) error {
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "bench-live"})
	if err != nil {
		return err
	}
	c, err := live.NewConsumer(live.ConsumerOptions{
		Runtime: runtime, Brokers: o.brokers, Group: o.group, Topics: []string{o.topic},
		Handler: func(_ context.Context, _ string, _ int, records []live.Record) error {
			values := make([][]byte, len(records))
			for i := range records {
				values[i] = records[i].Value
			}
			handle(values)
			return nil
		},
	})
	if err != nil {
		return err
	}
	return c.Run(ctx)
}

func readReader(ctx context.Context, o readOptions, handle func([][]byte)) error {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: o.brokers, GroupID: o.group, Topic: o.topic, StartOffset: kafka.FirstOffset, CommitInterval: commitEvery,
		QueueCapacity: o.params.Batch, MaxBytes: 10 << 20, MaxWait: maxWait,
	})
	var err error
	for err == nil {
		var m kafka.Message
		if m, err = r.ReadMessage(ctx); err == nil {
			handle([][]byte{m.Value})
		}
	}
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, r.Close())
}

func readFranz(ctx context.Context, o readOptions, handle func([][]byte)) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(o.brokers...), kgo.ConsumerGroup(o.group), kgo.ConsumeTopics(o.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AutoCommitInterval(commitEvery),
	)
	if err != nil {
		return fmt.Errorf("make franz-go's client: %w", err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		values := make([][]byte, 0, fetches.NumRecords())
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, r.Value) })
		handle(values)
	}
}
