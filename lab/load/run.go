package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/veltrix/veltrix/lab"
)

// Options say what traffic there is, and for whom.
type Options struct {
	// URLs are the engines; requests go to them in turn. Required.
	URLs []string
	// Phases are the requests per second over time. Required.
	Phases []lab.Phase
	// Mix is what is asked for. Required.
	Mix Mix
	// Streams is how many follow the events of a hunt meanwhile.
	Streams int
	// Timeout is how long a player waits for an answer; 3 s if 0.
	Timeout time.Duration
	// Seed makes the same traffic again.
	Seed uint64
	// Out gets the progress; nobody if nil.
	Out io.Writer
}

// Check returns what is wrong with the options.
func (o Options) Check() error {
	switch {
	case len(o.URLs) == 0 || len(o.Phases) == 0 || o.Mix.sum() == 0:
		return errors.New("traffic needs an engine's URL, phases and a mix")
	case o.Streams < 0 || o.Timeout < 0:
		return fmt.Errorf("%d streams and a timeout of %v: neither may be negative", o.Streams, o.Timeout)
	}
	for _, text := range o.URLs {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("%q is not the URL of an engine; write for example http://localhost:8080", text)
		}
	}
	return nil
}

// traffic is one run.
type traffic struct {
	options   Options
	game      *game
	client    *client
	ledger    *lab.Ledger
	won       sync.Map // of hunt, treasure and player: what is in the ledger
	followers *followers
	begin     time.Time
	all       *lab.Recorder
	byKind    map[Kind]*lab.Recorder

	mu     sync.Mutex // guards errors
	errors map[string]int64
}

// Run prepares hunts, sends the traffic, and returns what became of it. An error means that it could not be sent to its end;
// whether the answers were good is [Result.Err].
func Run(ctx context.Context, o Options) (Result, error) {
	if err := o.Check(); err != nil {
		return Result{}, err
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	c := newClient(o.Timeout)
	defer c.close()
	t := &traffic{
		options: o, client: c, game: newGame(o, c, claimsOf(o.Phases, o.Mix)), ledger: lab.NewLedger(),
		followers: newFollowers(o.Streams), byKind: map[Kind]*lab.Recorder{}, errors: map[string]int64{},
	}
	fmt.Fprintf(o.Out, "hiding treasures in %d hunts …\n", len(t.game.hunts))
	if err := t.game.prepare(ctx); err != nil {
		return Result{}, err
	}
	if err := t.play(ctx); err != nil {
		return Result{}, err
	}
	return t.result(ctx)
}

// play sends the traffic and shows what becomes of it meanwhile.
func (t *traffic) play(ctx context.Context) error {
	t.begin = time.Now()
	t.all = lab.NewRecorder(t.begin)
	for _, k := range kinds() {
		t.byKind[k] = lab.NewRecorder(t.begin)
	}
	aside, stop := context.WithCancel(ctx)
	var besides sync.WaitGroup
	besides.Go(func() { t.followers.run(aside, t.streams()) })
	besides.Go(func() { t.show(aside) })
	lab.OpenLoop(ctx, t.begin, t.options.Phases, func(due time.Time) { t.send(ctx, due) }, func(due time.Time) {
		t.all.Record(due, 0, lab.OutcomeDropped)
	})
	stop()
	besides.Wait()
	return ctx.Err()
}

// streams returns the URLs that are followed.
func (t *traffic) streams() []string {
	urls := make([]string, len(t.game.hunts))
	for i, hunt := range t.game.hunts {
		urls[i] = t.options.URLs[i%len(t.options.URLs)] + "/v1/hunts/" + hunt + "/events"
	}
	return urls
}

// send sends the next request and records what becomes of it.
func (t *traffic) send(ctx context.Context, due time.Time) {
	n := t.game.requests.Add(1) - 1
	a, base := t.game.next(n), t.options.URLs[n%int64(len(t.options.URLs))]
	key := ""
	if a.method == http.MethodPost {
		key = fmt.Sprint(t.game.run, "-", n)
	}
	status, err := t.client.ask(ctx, a.method, base+a.path, key, a.body, nil)
	took := time.Since(due)
	outcome, class := outcomeOf(a.kind, status, err)
	t.all.Record(due, took, outcome)
	t.byKind[a.kind].Record(due, took, outcome)
	if class != "" {
		t.mu.Lock()
		t.errors[class]++
		t.mu.Unlock()
	}
	if a.kind == Claim && status == http.StatusOK {
		// Who claims again what he has is told so, and that is no second win.
		if _, again := t.won.LoadOrStore([3]string{a.hunt, a.treasure, a.player}, true); !again {
			t.ledger.Won(a.hunt, a.treasure, a.player, worth)
		}
	}
}

// showEvery is the time between two lines of the progress.
const showEvery = time.Second

// show writes a line for each second. Its figures are of the requests that were due in it and have their answer.
func (t *traffic) show(ctx context.Context) {
	ticks := time.NewTicker(showEvery)
	defer ticks.Stop()
	fmt.Fprintf(t.options.Out, "%6s  %-10s %8s %8s %9s %9s %9s %9s %9s %7s\n", "second", "phase", "sent/s", "ok/s", "mean", "p50", "p99", "timeouts", "overload", "errors")
	for second := 0; ; second++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		at := time.Duration(second) * time.Second
		f := t.all.Between(at, at+time.Second)
		fmt.Fprintf(t.options.Out, "%6d  %-10s %8.0f %8.0f %6.1f ms %6.1f ms %6.1f ms %9d %9d %7d\n", second, t.phaseAt(at), f.PerSecond, f.OKPerS,
			f.MeanMs, f.P50Ms, f.P99Ms, f.Timeouts, f.ByOutcome[lab.OutcomeOverload], f.ByOutcome[lab.OutcomeError]+f.ByOutcome[lab.OutcomeDropped])
	}
}

// phaseAt names the phase at a time.
func (t *traffic) phaseAt(at time.Duration) string {
	var end time.Duration
	for _, p := range t.options.Phases {
		if end += p.Duration; at < end {
			return p.Name
		}
	}
	return "end"
}
