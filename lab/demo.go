package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// DefaultProfile is a calm time, five times its rate before the loop has had the time to heal what it found, calm again, a
// broker that becomes slow, five times the rate once more, and calm.
const DefaultProfile = "calm:5s@120,spike:35s@600,calm again:10s@120,slow broker:30s@120/slow,second spike:25s@600,calm at last:10s@120"

// DemoOptions says what the demonstration runs on.
type DemoOptions struct {
	// Kafka, Prometheus and Etcd choose the parts, see [StartKafka], [StartPrometheus] and [StartEtcd].
	Kafka, Prometheus, Etcd string
	// Phases are the players' traffic.
	Phases []Phase
	// P99 is the objective of a claim's latency, and TimeoutPercent the share of claims that may time out.
	P99            time.Duration
	TimeoutPercent float64
	// Dir keeps data, configuration and logs; a temporary folder that is removed at the end if it is empty.
	Dir string
	// Keep leaves everything running at the end, until the context ends.
	Keep bool
	// Out gets the progress.
	Out io.Writer
}

// DefaultDemo returns the demonstration that needs nothing but Go.
func DefaultDemo() DemoOptions {
	return DemoOptions{
		Kafka: "fake", Prometheus: "embedded", Etcd: "embedded", Out: io.Discard,
		P99: 150 * time.Millisecond, TimeoutPercent: 0.1,
	}
}

// fakeBroker is what the in-memory broker needs for a request: about what a small broker on a busy machine does.
func fakeBroker() Service {
	return Service{PerProduce: 1200 * time.Microsecond, PerFetch: 50 * time.Microsecond, PerKiB: 5 * time.Microsecond}
}

// asFound are the settings with which the engines begin: those of kafka-go's Writer and Reader when nothing is set,
// in Kafka's names (BatchTimeout 1 s, BatchSize 100, BatchBytes 1 MiB, MaxWait 10 s).
func asFound() settings.Values {
	return settings.Values{
		settings.ProducerLingerMs:        settings.Number(1000),
		settings.ProducerBatchMaxRecords: settings.Number(100),
		settings.ProducerBatchSize:       settings.Number(1 << 20),
		settings.ConsumerFetchMaxWaitMs:  settings.Number(10000),
	}
}

// Demo runs the demonstration and returns what it found. An error means that it could not be run to its end; whether
// the loop kept its promises is [Result.Err].
func Demo(ctx context.Context, o DemoOptions) (Result, error) {
	return play(ctx, o, Arm{Name: "veltrix", Own: asFound(), Loop: true}, nil)
}

// demo is one run.
type demo struct {
	options  DemoOptions
	arm      Arm
	rig      *rig
	progress *Progress
	phases   []Phase
	ledger   *Ledger

	recorder *Recorder
	players  *Players
	begin    time.Time
	seen     []tuner.Decision // the journal so far, oldest first
	asked    float64          // produce requests until the last row
	before   sample           // as the traffic begins
	samples  []sample         // one a second
}

func (d *demo) run(ctx context.Context) (Result, error) {
	if err := d.prepare(ctx); err != nil {
		return Result{}, err
	}
	defer d.players.close()
	start := d.rig.engines[0].runtime.Effective("")
	if d.arm.Loop {
		if err := d.rig.startLoop(ctx); err != nil {
			return Result{}, err
		}
	}
	d.progress.Say("%s", d.where())
	if err := d.play(ctx); err != nil {
		return Result{}, err
	}
	return d.result(ctx, start)
}

// where says where to look while it runs.
func (d *demo) where() string {
	where := fmt.Sprintf("players   %s\nmetrics   %s", strings.Join(d.rig.urls(), " "), d.rig.prometheus.URL)
	if d.arm.Loop {
		where += fmt.Sprintf("\nloop      http://%s\nlook in   go run ./cmd/veltrixctl status --app %s --etcd.endpoints %s",
			d.rig.loopListener.Addr(), d.rig.app, strings.Join(d.rig.etcd.Endpoints, ","))
	}
	return where
}

// prepare makes the hunts. It takes a while, because the settings are as found: every answer waits for their linger.
func (d *demo) prepare(ctx context.Context) error {
	d.players = newPlayers(d.rig.urls(), nil, d.ledger)
	var claims float64
	for _, p := range d.phases {
		claims += p.Duration.Seconds() * p.Rate
	}
	d.progress.Say("hiding treasures …")
	return d.players.prepare(ctx, int64(claims)+1)
}

// play runs the traffic and shows what happens meanwhile.
func (d *demo) play(ctx context.Context) error {
	d.begin = time.Now()
	d.recorder = NewRecorder(d.begin)
	d.players.recorder = d.recorder
	d.sample(0)
	d.before, d.samples = d.samples[0], nil
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watchers errgroup.Group
	watchers.Go(func() error { every(watching, d.begin, rowEvery, d.showRow); return nil })
	watchers.Go(func() error { every(watching, d.begin, time.Second, d.sample); return nil })
	watchers.Go(func() error { return d.faults(watching) })
	if d.rig.loop != nil {
		watchers.Go(func() error {
			every(watching, d.begin, 500*time.Millisecond, func(at time.Duration) { d.showDecisions(watching, at) })
			return nil
		})
	}

	send := func(due time.Time) { d.players.claim(ctx, due) }
	dropped := func(due time.Time) { d.recorder.Record(due, 0, OutcomeDropped) }
	OpenLoop(ctx, d.begin, d.phases, send, dropped)
	stop()
	return errors.Join(watchers.Wait(), ctx.Err())
}

// rowEvery is the time between two rows of the show.
const rowEvery = 2 * time.Second

// showRow shows the requests that were due since the last row and have their answer; others still wait for theirs.
func (d *demo) showRow(at time.Duration) {
	asked := d.rig.requests()
	rate := (asked - d.asked) / rowEvery.Seconds()
	d.asked = asked
	d.progress.Row(at, d.phaseAt(at), d.recorder.Between(at-rowEvery, at), rate, d.rig.engines[0].runtime.Effective(""))
}

// showDecisions writes the journal's new entries. An unreachable etcd is no reason to stop the show.
func (d *demo) showDecisions(ctx context.Context, at time.Duration) {
	fresh, err := d.journal(ctx)
	if err != nil {
		return
	}
	for _, decision := range fresh[min(len(d.seen), len(fresh)):] {
		d.progress.Decision(at, decision)
	}
	d.seen = fresh
}

// journal returns all decisions that changed something, oldest first; none without a loop.
func (d *demo) journal(ctx context.Context) ([]tuner.Decision, error) {
	if d.rig.loop == nil {
		return nil, nil
	}
	entries, err := d.rig.loop.store.Journal(ctx, store.Page{Limit: 1000})
	slices.Reverse(entries)
	return entries, err
}

func (d *demo) phaseAt(at time.Duration) string {
	var end time.Duration
	for _, p := range d.phases {
		if end += p.Duration; at <= end {
			return p.Name
		}
	}
	return "end"
}
