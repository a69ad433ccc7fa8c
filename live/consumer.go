package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// Reset says where reading begins if the group has committed no offset for a partition, or the log does not reach
// back to it any more. It is Kafka's auto.offset.reset.
type Reset int

const (
	// Earliest begins with the oldest record that the log still has.
	Earliest Reset = iota
	// Latest begins with the next record to be written.
	Latest
	// Fail ends the consumer with [ErrNoOffset].
	Fail
)

// ErrNoOffset ends a consumer with the reset policy [Fail]: the group has no offset for a partition, or one that the
// log does not have. Nothing was skipped; commit an offset for the group, or choose another policy.
var ErrNoOffset = errors.New("there is no usable committed offset, and the reset policy is Fail")

// errToldToEnd is the cause of an end by Close.
var errToldToEnd = errors.New("told to end")

const (
	// defaultRebalanceTimeout is kafka-go's.
	defaultRebalanceTimeout = 30 * time.Second
	// defaultWatchEvery is how often new partitions are looked for.
	defaultWatchEvery = 5 * time.Second
)

// ConsumerOptions say what a consumer needs.
type ConsumerOptions struct {
	// Runtime holds the settings and takes the metrics. Required. Several consumers may share one.
	Runtime *Runtime
	// Brokers are the addresses to begin with, as host:port, one an element or several with commas. Required.
	Brokers []string
	// Group is the consumer group's name. Required.
	Group string
	// Topics are what the group reads. Required. A topic that does not exist yet is read when it does.
	Topics []string
	// Reset says where a partition without a usable committed offset begins. The zero value is Earliest.
	Reset Reset
	// Handler is called with the records of one partition, in their order, one call at a time for a partition and
	// several at once for several. When it returns nil the records count as handled and may be committed; an error
	// ends Run with that error, and none of the call's records are committed. The records are the handler's to keep;
	// they share memory with each other. Its ctx ends when Run's does, or when a rebalance can't wait any longer.
	// Nil: the records are had with Poll.
	Handler func(ctx context.Context, topic string, partition int, records []Record) error
	// OnAssigned is called with the partitions of a new assignment, by topic, before the first of their records is
	// handed out; its ctx ends if the assignment does. An error ends Run with that error. The assignment may be
	// empty. May be nil.
	OnAssigned func(ctx context.Context, partitions map[string][]int) error
	// OnRevoked is called once for each call of OnAssigned, with the same partitions, after the last of their records
	// was handed out and what was handled was committed. May be nil.
	OnRevoked func(ctx context.Context, partitions map[string][]int)
	// RebalanceTimeout is how long the group waits for its members in a rebalance. A handler has half of it, or half
	// the session timeout if that is less, to finish what it has in hand. 0: 30 s.
	RebalanceTimeout time.Duration
	// Dialer opens the connections to the group's coordinator and, without a Transport, those to the leaders. Nil:
	// plain TCP.
	Dialer *kafka.Dialer
	// Transport carries the fetches. It must pass requests on as they are, and end a request when its context ends.
	// Nil: an own one, with the Dialer's TLS and SASL. A given one stays open at the end.
	Transport kafka.RoundTripper
	// Logger may be nil.
	Logger *zap.Logger

	// rejoinStep is how long after one member of the group the next one rejoins for new settings; 0: by the heartbeat
	// interval. watchEvery is the constant above, but for tests.
	rejoinStep time.Duration
	watchEvery time.Duration
}

func (o *ConsumerOptions) complete() error {
	switch {
	case o.Runtime == nil:
		return errors.New("a consumer needs a Runtime; NewRuntime without a Source makes a static one")
	case o.Group == "":
		return errors.New("a consumer needs the name of its Group; a Tail reads without one")
	case len(o.Topics) == 0 || slices.Contains(o.Topics, ""):
		return errors.New("a consumer needs the names of its Topics, and none may be empty")
	case o.Reset < Earliest || o.Reset > Fail:
		return fmt.Errorf("reset policy %d is unknown; use Earliest, Latest or Fail", o.Reset)
	case o.RebalanceTimeout < 0:
		return fmt.Errorf("a rebalance timeout of %v: it must not be negative", o.RebalanceTimeout)
	}
	var err error
	if o.Brokers, err = bootstrap(o.Brokers); err != nil {
		return fmt.Errorf("brokers of a consumer: %w", err)
	}
	if o.Logger == nil {
		o.Logger = o.Runtime.logger
	}
	o.RebalanceTimeout = orDefault(o.RebalanceTimeout, defaultRebalanceTimeout)
	o.watchEvery = orDefault(o.watchEvery, defaultWatchEvery)
	return nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Consumer is a member of a consumer group. With a Handler it works in Run; without one it works in the background
// from the first Poll to Close. Commit and Close are safe for concurrent use.
//
// Records count as handled when the handler returned nil, or when the Poll after the one that returned them begins, or
// by Commit. Only what was handled is committed, every auto.commit.interval.ms and when partitions are given back. A
// crash, or a partition that is lost without notice, repeats what was handled since then.
type Consumer struct {
	opts    ConsumerOptions
	runtime *Runtime
	logger  *zap.Logger
	metrics *consumerMetrics
	topics  map[string]*consumerTopicMetrics
	brokers *brokers
	poll    pollState

	mu       sync.Mutex // guards the fields below
	started  bool
	closed   bool
	quit     context.CancelCauseFunc // ends the membership; set when started
	cut      context.CancelFunc      // ends handlers and connections; set when started
	session  *session                // the current one; nil between assignments
	err      error                   // why it ended; set before done is closed
	done     chan struct{}           // closed when everything has ended
	accepted groupSettings           // the last ones that the coordinator took
	refused  groupSettings           // the last ones that it did not

	// counts are the partitions by topic as last seen. They belong to whoever runs the membership.
	counts map[string]int
}

// NewConsumer checks the options and returns a consumer. It opens no connection.
func NewConsumer(o ConsumerOptions) (*Consumer, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	m, err := o.Runtime.consumers()
	if err != nil {
		return nil, err
	}
	c := &Consumer{
		opts: o, runtime: o.Runtime, logger: o.Logger.With(zap.String("group", o.Group)), metrics: m,
		topics: make(map[string]*consumerTopicMetrics), counts: make(map[string]int),
		done: make(chan struct{}), poll: newPollState(),
	}
	for _, name := range o.Topics {
		c.topics[name] = m.topic(name)
	}
	c.brokers = newBrokers(o.Brokers, o.Transport, o.Dialer, o.Runtime.ClientID(), c.logger)
	return c, nil
}

// Run joins the group and calls Handler until ctx ends or Close is called; it returns nil then. It returns the error
// of a Handler or of OnAssigned, [ErrNoOffset], or what the cluster says if the client may not do what it does.
// Everything else it waits out. When ctx ends, handlers are told by their contexts; Close lets them finish. Before it
// returns, what was handled is committed and the group is left. It may be called once, and not after Close: it
// returns [ErrClosed] then.
func (c *Consumer) Run(ctx context.Context) error {
	if c.opts.Handler == nil {
		return errors.New("a consumer without a Handler is read with Poll; set Handler to use Run")
	}
	life, err := c.start(ctx)
	if err != nil {
		return err
	}
	c.live(life)
	return c.err
}

// lifetime is what ends a consumer's parts.
type lifetime struct {
	// quit ends the membership; its cause says why. It ends with the other two.
	quit context.Context
	// hard ends handlers: Run's context, or cut.
	hard context.Context
	// cut ends connections, too: nobody waits any more.
	cut context.Context
}

// start marks the consumer as started, which it may be once.
func (c *Consumer) start(ctx context.Context) (lifetime, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return lifetime{}, ErrClosed
	}
	if c.started {
		return lifetime{}, errors.New("the consumer runs already, or has run; make another with NewConsumer")
	}
	c.started = true
	var (
		life lifetime
		stop context.CancelFunc
		cut  context.CancelFunc
	)
	life.cut, cut = context.WithCancel(context.WithoutCancel(ctx))
	life.hard, stop = context.WithCancel(ctx)
	life.quit, c.quit = context.WithCancelCause(life.hard)
	c.cut = func() { cut(); stop() }
	return life, nil
}

// live is the life of a started consumer.
func (c *Consumer) live(life lifetime) {
	err := c.consume(life)
	if err == errToldToEnd || err == context.Cause(life.hard) { //nolint:errorlint // a handler's error may wrap the same
		err = nil
	}
	c.cut()
	c.brokers.close()
	c.err = err
	close(c.done)
}

// Close ends the consumer: nothing more is handed out, handlers finish what they have in hand, what was handled is
// committed, the group is left. If ctx ends first, handlers are told by their contexts, connections are cut, and
// Close returns ctx's error; another member gets the partitions after the session timeout then. Records that Poll
// returned last are handled only if Commit was called. Calling it again, or before Run, does no harm.
func (c *Consumer) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	started := c.started
	c.mu.Unlock()
	if !started {
		c.brokers.close()
		return nil
	}
	c.quit(errToldToEnd)
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	c.cut()
	c.brokers.close()
	return fmt.Errorf("close the consumer of group %s: %w", c.opts.Group, ctx.Err())
}

// Commit commits what was handled so far and waits for the answer: in the handler form what handlers returned from,
// in the poll form everything that Poll has returned. It fails with kafka.ErrGenerationEnded if records that Poll
// returned were of partitions that this member has lost since; whoever has them now reads them again.
func (c *Consumer) Commit(ctx context.Context) error {
	s, lost := c.release()
	if lost {
		return fmt.Errorf("commit for group %s: the partition was given back before: %w", c.opts.Group, kafka.ErrGenerationEnded)
	}
	if s == nil {
		s = c.currentSession()
	}
	if s == nil {
		return nil
	}
	if err := s.requestCommit(ctx); err != nil {
		return fmt.Errorf("commit for group %s: %w", c.opts.Group, err)
	}
	return nil
}

func (c *Consumer) currentSession() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// setSession makes s the session that Poll and Commit use; nil for none.
func (c *Consumer) setSession(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = s
}
