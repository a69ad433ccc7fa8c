package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/live"
)

// Options say what an engine needs.
type Options struct {
	// Brokers are the addresses to begin with, as host:port. Required.
	Brokers []string
	// Runtime holds the settings of producer and consumers. Required; its Run is the caller's to run.
	Runtime *live.Runtime
	// Instance names this instance, in logs. Required.
	Instance string
	// Commands and Events are the topics; hunt.commands and hunt.events if empty.
	Commands, Events string
	// Group is the referees' consumer group; hunt-referee if empty.
	Group string
	// Partitions is what the topics are created with, and must have if they exist; 6 if 0.
	Partitions int
	// Replication is what the topics are created with; 1 if 0.
	Replication int
	// Deadline is how long a request waits for its answer; 1 s if 0.
	Deadline time.Duration
	// MaxWaiting is the number of requests that may wait at once; 10000 if 0.
	MaxWaiting int
	// Registerer takes the metrics; nowhere if nil.
	Registerer prometheus.Registerer
	// Logger may be nil.
	Logger *zap.Logger
}

func (o Options) withDefaults() (Options, error) {
	if len(o.Brokers) == 0 || o.Runtime == nil || o.Instance == "" {
		return o, errors.New("an engine needs brokers, a runtime and an instance name")
	}
	fill(&o.Commands, "hunt.commands")
	fill(&o.Events, "hunt.events")
	fill(&o.Group, "hunt-referee")
	fill(&o.Partitions, 6)
	fill(&o.Replication, 1)
	fill(&o.Deadline, time.Second)
	fill(&o.MaxWaiting, 10_000)
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return o, nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Engine is one instance of the service.
type Engine struct {
	options  Options
	producer *live.Producer
	view     *view
	referee  *referee
	metrics  *metrics
	log      *zap.Logger
}

// New returns an engine that doesn't run yet. It opens no connection.
func New(o Options) (*Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	producer, err := live.NewProducer(live.ProducerOptions{
		Runtime: o.Runtime, Brokers: o.Brokers, Topics: []string{o.Commands, o.Events}, Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("make the engine's producer: %w", err)
	}
	m := newMetrics(o.Registerer)
	log := o.Logger.With(zap.String("instance", o.Instance))
	e := &Engine{options: o, producer: producer, metrics: m, log: log}
	e.view = newView(o, m)
	e.referee = &referee{options: o, producer: producer, log: log}
	return e, nil
}

// closeWithin bounds the end of what the producer still has.
const closeWithin = 15 * time.Second

// Run checks or creates the topics, then runs referee and view until ctx ends; it returns nil then. End the HTTP server first,
// so that requests under way still get their answers. What heals by itself is logged and waited out.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.topics(ctx); err != nil {
		return errors.Join(err, e.close(ctx))
	}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return e.view.run(running) })
	group.Go(func() error { return e.referee.run(running) })
	err := group.Wait()
	if ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, e.close(ctx))
}

func (e *Engine) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	return e.producer.Close(ctx)
}

// Ready says whether the view has seen every event that was there when it began, and the referee has joined its group.
func (e *Engine) Ready() bool { return e.view.ready() && e.referee.joined.Load() }

// topicsWithin bounds the wait for brokers that are not there yet.
const topicsWithin = 2 * time.Minute

// topics creates the topics that don't exist, and refuses those that have another number of partitions: the two must
// have the same, because the events of a hunt are read from the partition of its commands.
func (e *Engine) topics(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, topicsWithin)
	defer cancel()
	transport := &kafka.Transport{ClientID: e.options.Runtime.ClientID()}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(e.options.Brokers...), Transport: transport, Timeout: 10 * time.Second}
	for {
		err := e.ensure(ctx, client)
		if err == nil || errors.Is(err, errPartitions) {
			return err
		}
		e.log.Warn("topics are not there yet", zap.Error(err))
		select {
		case <-ctx.Done():
			return fmt.Errorf("create the topics %s and %s: %w", e.options.Commands, e.options.Events, errors.Join(err, ctx.Err()))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

var errPartitions = errors.New("another number of partitions")

func (e *Engine) ensure(ctx context.Context, client *kafka.Client) error {
	o := e.options
	request := &kafka.CreateTopicsRequest{}
	for _, topic := range []string{o.Commands, o.Events} {
		request.Topics = append(request.Topics, kafka.TopicConfig{Topic: topic, NumPartitions: o.Partitions, ReplicationFactor: o.Replication})
	}
	created, err := client.CreateTopics(ctx, request)
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for topic, err := range created.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{o.Commands, o.Events}})
	if err != nil {
		return fmt.Errorf("look up the topics: %w", err)
	}
	for _, t := range meta.Topics {
		if t.Error != nil {
			return fmt.Errorf("look up topic %s: %w", t.Name, t.Error)
		}
		if len(t.Partitions) != o.Partitions {
			return fmt.Errorf("topic %s has %d partitions, configured are %d: %w; configure what is there", t.Name, len(t.Partitions), o.Partitions, errPartitions)
		}
	}
	return nil
}
