package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
	// Client makes the Kafka clients; those of package live if nil.
	Client Client
	// Instance names this instance, in logs. Required.
	Instance string
	// Commands and Events are their topics; hunt.commands and hunt.events if empty.
	Commands, Events string
	// Snapshots is the compacted topic of the states' snapshots; hunt.snapshots if empty.
	Snapshots string
	// SnapshotEvery is the number of a partition's events after which a new snapshot is made, and with it about what a
	// rebuild has to read; 50000 if 0.
	SnapshotEvery int
	// Group is the referees' consumer group; hunt-referee if empty.
	Group string
	// Partitions is what the topics are created with, and must have if they exist; 6 if 0.
	Partitions int
	// Replication is what the topics are created with, and must have at least if they exist; 1 if 0.
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
	switch {
	case len(o.Brokers) == 0 || o.Runtime == nil || o.Instance == "":
		return o, errors.New("an engine needs brokers, a runtime and an instance name")
	case o.Partitions < 0 || o.Replication < 0 || o.Deadline < 0 || o.MaxWaiting < 0 || o.SnapshotEvery < 0:
		return o, fmt.Errorf("%d partitions, replication %d, a deadline of %v, %d waiting requests, a snapshot every %d events: none may be negative; 0 means the default",
			o.Partitions, o.Replication, o.Deadline, o.MaxWaiting, o.SnapshotEvery)
	}
	fill(&o.Commands, "hunt.commands")
	fill(&o.Events, "hunt.events")
	fill(&o.Snapshots, "hunt.snapshots")
	fill(&o.SnapshotEvery, 50_000)
	fill(&o.Group, "hunt-referee")
	fill(&o.Partitions, 6)
	fill(&o.Replication, 1)
	fill(&o.Deadline, time.Second)
	fill(&o.MaxWaiting, 10_000)
	if o.Commands == o.Events || o.Snapshots == o.Commands || o.Snapshots == o.Events {
		return o, fmt.Errorf("commands are in topic %s, events in %s, snapshots in %s; each needs its own", o.Commands, o.Events, o.Snapshots)
	}
	if o.Client == nil {
		o.Client = liveClient{}
	}
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
	producer Producer
	room     *waitingRoom
	view     *view
	referee  *referee
	archive  *archive
	feed     *feed
	// ending registers, once, that streams end with the server.
	ending  sync.Once
	metrics *metrics
	log     *zap.Logger
}

// New returns an engine that doesn't run yet. It opens no connection.
func New(o Options) (*Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	o.Logger = o.Logger.With(zap.String("instance", o.Instance))
	producer, err := o.Client.NewProducer(live.ProducerOptions{
		Runtime: o.Runtime, Brokers: o.Brokers, Topics: []string{o.Commands, o.Events}, Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("make the engine's producer: %w", err)
	}
	e := &Engine{options: o, producer: producer, room: newWaitingRoom(o.MaxWaiting), feed: newFeed(), log: o.Logger}
	e.archive = newArchive(o)
	e.referee = newReferee(o, e.archive, producer)
	e.view = newView(o, e.archive, e.room.answer, e.feed)
	e.metrics = newMetrics(o.Registerer, e)
	return e, nil
}

// closeWithin bounds the end of what the producer still has.
const closeWithin = 15 * time.Second

// Run checks or creates the topics, then runs referee and view until ctx ends; it returns nil then. It may be called once.
// End the HTTP server first, so that requests under way still get their answers. What heals by itself is logged and waited
// out.
func (e *Engine) Run(ctx context.Context) error {
	err := e.topics(ctx)
	if err == nil {
		group, running := errgroup.WithContext(ctx)
		group.Go(func() error { return e.view.run(running) })
		group.Go(func() error { return e.referee.run(running) })
		group.Go(func() error { return newKeeper(e.archive, e.referee, e.view).run(running) })
		err = group.Wait()
	}
	if ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, e.close(ctx))
}

func (e *Engine) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	defer e.archive.close()
	return e.producer.Close(ctx)
}

// Ready says whether the view has seen every event that was there when it began, and the referee has joined its group. Once
// ready it stays so: in a rebalance requests wait for their answers, and all instances would be unready at once.
func (e *Engine) Ready() bool { return e.view.ready() && e.referee.joined.Load() }
