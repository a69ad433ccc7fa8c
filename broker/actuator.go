package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
)

// Source delivers documents, takes reports and knows the former documents. store.Store implements it.
type Source interface {
	Watch(ctx context.Context, apply func(settings.Update)) error
	Join(ctx context.Context, id string, reports <-chan settings.Report) error
	History(ctx context.Context, limit int) ([]settings.Document, error)
}

const (
	// instance is the actuator's id among the application's instances.
	instance = "brokers"
	// history is how many former documents are asked for what they have set.
	history = 1000
	// tryAgain is the pause after a failure.
	tryAgain = 5 * time.Second
	// requestTimeout bounds one request to a broker.
	requestTimeout = 10 * time.Second
)

// Options say what an actuator works with.
type Options struct {
	// App is the application's name, as in the documents. Required.
	App string
	// Brokers are the addresses to begin with, as host:port. Required.
	Brokers []string
	// Transport carries the requests, for TLS and SASL. Nil: an own one.
	Transport kafka.RoundTripper
	// Source is the application's part of etcd. Required.
	Source Source
	// Logger may be nil.
	Logger *zap.Logger
}

// Actuator applies the broker.* settings of an application's documents.
type Actuator struct {
	opts    Options
	cluster cluster
	own     *kafka.Transport // nil if the transport was given
	log     *zap.Logger
	started time.Time
}

// New checks the options. It opens no connection.
func New(o Options) (*Actuator, error) {
	if o.App == "" || o.Source == nil || len(o.Brokers) == 0 {
		return nil, errors.New("an actuator of broker settings needs App, Source and Brokers")
	}
	for _, b := range o.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fmt.Errorf("broker %q is not host:port: %w", b, err)
		}
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	a := &Actuator{opts: o, log: o.Logger, started: time.Now().UTC()}
	if o.Transport == nil {
		a.own = &kafka.Transport{ClientID: "veltrix-brokers"}
		o.Transport = a.own
	}
	a.cluster.client = &kafka.Client{Addr: kafka.TCP(o.Brokers...), Transport: o.Transport, Timeout: requestTimeout}
	return a, nil
}

// Run follows the documents until ctx ends. What fails is reported as a refusal, and tried again every 5 s.
func (a *Actuator) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	reports, updates := make(chan settings.Report, 1), make(chan settings.Document, 1)
	var parts sync.WaitGroup
	parts.Go(func() { a.again(ctx, func() error { return a.opts.Source.Join(ctx, instance, reports) }) })
	parts.Go(func() {
		a.again(ctx, func() error {
			return a.opts.Source.Watch(ctx, func(u settings.Update) {
				if u.Err == nil { // one that can't be read changes nothing
					newest(updates, u.Document)
				}
			})
		})
	})
	a.follow(ctx, updates, reports)
	cancel()
	parts.Wait()
	if a.own != nil {
		a.own.CloseIdleConnections()
	}
}

// again repeats what ends before its time.
func (a *Actuator) again(ctx context.Context, do func() error) {
	for ctx.Err() == nil {
		if err := do(); err != nil && ctx.Err() == nil {
			a.log.Warn("the actuator of broker settings tries again", zap.Error(err))
			wait(ctx, tryAgain)
		}
	}
}

// newest puts x into a channel of one place, over what is there.
func newest[T any](c chan T, x T) {
	select {
	case <-c:
	default:
	}
	c <- x
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// follow applies each document, and one that failed again.
func (a *Actuator) follow(ctx context.Context, updates <-chan settings.Document, reports chan settings.Report) {
	var retry <-chan time.Time
	var document settings.Document
	for {
		select {
		case <-ctx.Done():
			return
		case document = <-updates:
		case <-retry:
		}
		retry = nil
		effective, err := a.apply(ctx, document)
		report := settings.Report{ID: instance, App: a.opts.App, Started: a.started, Generation: document.Generation, Effective: effective}
		if err != nil {
			a.log.Error("broker settings not applied", zap.Int64("generation", document.Generation), zap.Error(err))
			report.Generation, report.Refusal = 0, &settings.Refusal{Generation: document.Generation, Reason: err.Error()}
			retry = time.After(tryAgain)
		}
		newest(reports, report)
	}
}

// apply brings every broker to what the document says, one after the other, and returns the values that the first one shows.
func (a *Actuator) apply(ctx context.Context, d settings.Document) (settings.Values, error) {
	want := brokerValues(d.Settings)
	ever, err := a.everSet(ctx, want)
	if err != nil {
		return nil, err
	}
	ids, err := a.cluster.ids(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		for _, name := range ever {
			if v, ok := want[name]; ok {
				err = a.cluster.set(ctx, id, name, v.Int())
			} else {
				err = a.cluster.unset(ctx, id, name)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return a.effective(ctx, ids[0])
}

// everSet returns the broker settings that this document or one before it has set, in the table's order.
func (a *Actuator) everSet(ctx context.Context, want settings.Values) ([]settings.Name, error) {
	all := want
	former, err := a.opts.Source.History(ctx, history)
	if err != nil {
		return nil, err
	}
	for _, d := range former {
		all = brokerValues(d.Settings).Overlay(all)
	}
	return all.Names(), nil
}

// effective is what a broker runs.
func (a *Actuator) effective(ctx context.Context, id int) (settings.Values, error) {
	var names []settings.Name
	for _, row := range settings.All() {
		if row.Class == settings.Broker {
			names = append(names, row.Name)
		}
	}
	shown, err := a.cluster.show(ctx, id, names)
	if err != nil {
		return nil, err
	}
	values := settings.Values{}
	for name, s := range shown {
		values[name] = settings.Number(s.value)
	}
	return values, nil
}

// brokerValues are those of class broker.
func brokerValues(v settings.Values) settings.Values {
	out := settings.Values{}
	for _, name := range v.Names() {
		if row, _ := settings.Lookup(name); row.Class == settings.Broker {
			out[name] = v[name]
		}
	}
	return out
}
