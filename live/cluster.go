package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"
)

const (
	// lookEvery is how often leaders are looked up while nothing is amiss. The look-up costs no request: the
	// transport answers from its own copy, which it renews by itself.
	lookEvery = 5 * time.Second
	// Pauses between look-ups while a topic or a leader is missing.
	lookSoon = 20 * time.Millisecond
	lookLate = time.Second
	// renewEvery is how often, at most, the transport is made to renew its copy.
	renewEvery = 100 * time.Millisecond
	// lookTimeout bounds one look-up.
	lookTimeout = 5 * time.Second
)

// cluster knows the partitions of the topics that the producer writes to and their leaders.
type cluster struct {
	producer *Producer
	// asked holds a token if somebody misses something; renew says that the transport's copy is out of date.
	asked chan struct{}
	renew atomic.Bool
	// renewed is when the transport was last made to renew its copy.
	renewed time.Time
}

func newCluster(p *Producer) *cluster { return &cluster{producer: p, asked: make(chan struct{}, 1)} }

// ask makes the next look-up come at once; renew if the transport's own copy is known to be out of date.
func (c *cluster) ask(renew bool) {
	if renew {
		c.renew.Store(true)
	}
	select {
	case c.asked <- struct{}{}:
	default:
	}
}

// run looks leaders up until ctx ends.
func (c *cluster) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := lookSoon
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.asked:
		}
		if c.look(ctx) {
			pause = lookSoon
			timer.Reset(lookEvery)
			continue
		}
		c.renew.Store(true)
		c.rest(ctx, pause)
		pause = min(2*pause, lookLate)
		timer.Reset(0)
	}
}

// rest waits, whatever is asked.
func (c *cluster) rest(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// look looks all topics up; it reports whether nothing is missing that a record waits for.
func (c *cluster) look(ctx context.Context) bool {
	p := c.producer
	topics := p.allTopics()
	if len(topics) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	c.renewTransport(ctx)
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.name
	}
	m, err := p.client.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	if err != nil {
		for _, t := range topics {
			t.unresolved(err)
		}
		if p.own != nil {
			p.own.CloseIdleConnections() // It remembers its failure for a while; a fresh one tries again at once.
		}
		return !slices.ContainsFunc(topics, (*topic).stuck)
	}
	complete := true
	for _, t := range topics {
		complete = (c.takeOver(t, m) || !t.stuck()) && complete
	}
	return complete
}

// takeOver gives t what m says about it; it reports whether that was everything.
func (c *cluster) takeOver(t *topic, m *kafka.MetadataResponse) bool {
	for i := range m.Topics {
		if m.Topics[i].Name != t.name {
			continue
		}
		if err := m.Topics[i].Error; err != nil {
			t.unresolved(err)
			return false
		}
		if len(m.Topics[i].Partitions) == 0 {
			t.unresolved(kafka.LeaderNotAvailable)
			return false
		}
		return c.place(t, m.Topics[i].Partitions)
	}
	t.unresolved(kafka.UnknownTopicOrPartition)
	return false
}

// place gives every partition the lane of its leader.
func (c *cluster) place(t *topic, partitions []kafka.Partition) bool {
	lanes, errs := make([]*lane, len(partitions)), make([]error, len(partitions))
	complete := true
	for _, pt := range partitions {
		switch {
		case pt.ID < 0 || pt.ID >= len(partitions):
			t.unresolved(fmt.Errorf("the cluster names partition %d of %d", pt.ID, len(partitions)))
			return false
		case pt.Leader.Host == "":
			errs[pt.ID] = errors.Join(kafka.LeaderNotAvailable, pt.Error)
			complete = false
		default:
			lanes[pt.ID] = c.producer.lane(pt.Leader.ID)
		}
	}
	t.resolve(lanes, errs, c.producer.settingsFor(t))
	return complete
}

// renewTransport makes the transport renew its copy of the metadata, if that was asked for. kafka-go does so by
// itself only from time to time, and after a request to create topics; so it is sent one that names none, which
// changes nothing and needs no permission. If that fails, the transport's own renewal comes within its MetadataTTL.
func (c *cluster) renewTransport(ctx context.Context) {
	if time.Since(c.renewed) < renewEvery || !c.renew.Swap(false) {
		return
	}
	c.renewed = time.Now()
	ctx, cancel := context.WithTimeout(ctx, lookTimeout/2)
	defer cancel()
	p := c.producer
	if _, err := p.client.Transport.RoundTrip(ctx, p.client.Addr, &createtopics.Request{ValidateOnly: true}); err != nil {
		p.logger.Debug("renewing metadata failed, waiting for the transport to do so")
	}
}

// isAnswer says whether err is what a broker answered, and not the want of an answer.
func isAnswer(err error) bool {
	var code kafka.Error
	return errors.As(err, &code) && code != kafka.BrokerNotAvailable
}
