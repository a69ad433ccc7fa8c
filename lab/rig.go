package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/settings"
)

// rigOptions says of which parts the loop is made.
type rigOptions struct {
	Kafka, Prometheus, Etcd string
	shared                  *Kafka        // somebody else's, to use instead of an own one
	client                  engine.Client // of the engines; the live ones if nil
	service                 Service
	own                     settings.Values
	engines                 int
	dir                     string
	p99                     time.Duration
	logger                  *zap.Logger
}

// Limits of the lab's engines.
const (
	claimDeadline   = time.Second
	topicPartitions = 3
	readyWithin     = 2 * time.Minute
)

// rig is the whole loop on one machine: everything that Veltrix consists of, each part connected to the others as in
// production, through Kafka, Prometheus and etcd only.
type rig struct {
	kafka      *Kafka
	prometheus *Prometheus
	etcd       *Etcd
	engines    []*instance
	loop       *loop

	options      rigOptions
	app          string // the application's name in etcd
	topics       string // what the topics' and the group's names begin with
	loopListener net.Listener

	running *errgroup.Group
	runCtx  context.Context //nolint:containedctx // it is the life of the parts, which start one after the other
	cancel  context.CancelFunc
	closers []func() error // in the order in which the parts were started
}

// startRig starts everything but the sidecar, see startLoop, and waits until the engines are ready. Its error says which part failed;
// what had been started is stopped again.
func startRig(ctx context.Context, o rigOptions) (*rig, error) {
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &rig{options: o, app: AppName, cancel: cancel}
	if o.Etcd != "embedded" {
		r.app += "-" + runName()
	}
	if o.shared != nil {
		r.topics = runName() + "."
	}
	r.running, r.runCtx = errgroup.WithContext(runCtx)
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

func (r *rig) start(ctx context.Context) error {
	o := r.options
	if err := r.startServers(ctx); err != nil {
		return err
	}
	listeners, err := listen(o.engines + 1)
	if err != nil {
		return err
	}
	listeners, r.loopListener = listeners[:o.engines], listeners[o.engines]
	if err := r.startPrometheus(ctx, listeners); err != nil {
		return err
	}
	for n, l := range listeners {
		i, err := newInstance(ctx, fmt.Sprintf("engine-%d", n+1), l, engineOptions{
			client: o.client, topics: r.topics, app: r.app, brokers: r.kafka.Brokers, etcd: r.etcd.Endpoints, own: o.own,
			deadline: claimDeadline, partition: topicPartitions, logger: o.logger,
		})
		if err != nil {
			return err
		}
		r.engines = append(r.engines, i)
		r.closers = append(r.closers, i.store.Close)
		r.running.Go(func() error { return i.run(r.runCtx) })
	}
	return r.waitReady(ctx)
}

// startServers starts Kafka and etcd side by side.
func (r *rig) startServers(ctx context.Context) error {
	o := r.options
	var group errgroup.Group
	group.Go(func() (err error) {
		if r.kafka = o.shared; r.kafka == nil {
			r.kafka, err = startFronted(ctx, o.Kafka, o.service, filepath.Join(o.dir, "kafka"))
		}
		return err
	})
	group.Go(func() (err error) {
		r.etcd, err = StartEtcd(o.Etcd, filepath.Join(o.dir, "etcd"))
		return err
	})
	err := group.Wait()
	if r.kafka != nil && o.shared == nil {
		r.closers = append(r.closers, r.kafka.Stop)
	}
	if r.etcd != nil {
		r.closers = append(r.closers, r.etcd.Stop)
	}
	return err
}

func (r *rig) startPrometheus(ctx context.Context, engines []net.Listener) error {
	addrs := make([]string, len(engines))
	for i, l := range engines {
		addrs[i] = l.Addr().String()
	}
	jobs := map[string][]string{AppName: addrs, "veltrix": {r.loopListener.Addr().String()}}
	p, err := StartPrometheus(ctx, r.options.Prometheus, jobs, filepath.Join(r.options.dir, "prometheus"))
	if err != nil {
		return err
	}
	r.prometheus = p
	r.closers = append(r.closers, p.Stop)
	return nil
}

// waitReady waits until every engine answers, or one of the parts has failed.
func (r *rig) waitReady(ctx context.Context) error {
	deadline := time.NewTimer(readyWithin)
	defer deadline.Stop()
	for _, i := range r.engines {
		for !i.engine.Ready() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-r.runCtx.Done():
				return fmt.Errorf("engine %s ended before it was ready", i.id)
			case <-deadline.C:
				return fmt.Errorf("engine %s was not ready within %s", i.id, readyWithin)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// startLoop starts the sidecar.
func (r *rig) startLoop(ctx context.Context) error {
	o := r.options
	loop, err := newLoop(ctx, r.loopListener, loopOptions{
		app: r.app, prometheus: r.prometheus.URL, etcd: r.etcd.Endpoints, mode: "enforce", dir: o.dir, p99: o.p99, logger: o.logger,
	})
	if err != nil {
		return err
	}
	r.loop = loop
	r.closers = append(r.closers, loop.store.Close)
	r.running.Go(func() error { return loop.run(r.runCtx) })
	return nil
}

// requests returns the produce requests that all engines have sent so far.
func (r *rig) requests() float64 {
	var sum float64
	for _, i := range r.engines {
		sum += i.requests()
	}
	return sum
}

// urls returns the bases of the engines' HTTP APIs.
func (r *rig) urls() []string {
	urls := make([]string, len(r.engines))
	for i, e := range r.engines {
		urls[i] = e.url()
	}
	return urls
}

// stop stops everything, the parts that use others first, and returns what went wrong on the way.
func (r *rig) stop() error {
	r.cancel()
	errs := []error{r.running.Wait()}
	for _, stop := range slices.Backward(r.closers) {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}
