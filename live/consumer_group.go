package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

const (
	// leaveWithin bounds the goodbye to the coordinator, after the handlers have finished.
	leaveWithin = 10 * time.Second
	// joinBackoff is the least pause after a failed attempt to join; the most is twice as long.
	joinBackoff = 250 * time.Millisecond
)

// errRejoin ends a membership that is to be taken up again with other settings.
var errRejoin = errors.New("rejoin with new settings")

// groupSettings are what a member can't change without leaving.
type groupSettings struct {
	sessionTimeout    time.Duration
	heartbeatInterval time.Duration
}

// groupSettings returns what the next membership is to have: the settings in effect, unless the coordinator has
// refused them and took others before.
func (c *Consumer) groupSettings() groupSettings {
	s := c.runtime.snapshot().app.consumer
	wanted := groupSettings{sessionTimeout: s.sessionTimeout, heartbeatInterval: s.heartbeatInterval}
	c.mu.Lock()
	defer c.mu.Unlock()
	if wanted == c.refused && c.accepted != (groupSettings{}) {
		return c.accepted
	}
	return wanted
}

// consume is a member of the group until life.quit ends, and returns why it ended.
func (c *Consumer) consume(life lifetime) error {
	for {
		err := c.membership(life)
		if !errors.Is(err, errRejoin) {
			return err
		}
		c.logger.Info("rejoining the group with new settings")
	}
}

// membership is one stay in the group.
func (c *Consumer) membership(life lifetime) error {
	conf := c.groupSettings()
	_ = c.recount(life.quit) // Known before joining, so that no later change is missed. If it fails the session looks.
	conns := newConnections(dialFunc(c.opts.Dialer))
	defer conns.close()
	defer context.AfterFunc(life.cut, conns.close)()
	group, err := kafka.NewConsumerGroup(c.groupConfig(conf, conns))
	if err != nil {
		return fmt.Errorf("join group %s: %w", c.opts.Group, err)
	}
	quit, stop := context.WithCancelCause(life.quit)
	last := c.generations(lifetime{quit: quit, hard: life.hard, cut: life.cut}, stop, group, conf)
	stop(nil)
	leave(group, last, conns)
	return context.Cause(quit)
}

func (c *Consumer) groupConfig(conf groupSettings, conns *connections) kafka.ConsumerGroupConfig {
	return kafka.ConsumerGroupConfig{
		ID: c.opts.Group, Brokers: c.opts.Brokers, Topics: c.opts.Topics,
		GroupBalancers:    []kafka.GroupBalancer{rangeBalancer{}, kafka.RoundRobinGroupBalancer{}}, // as kafka-go, ranges first
		Dialer:            groupDialer(conns, c.runtime.ClientID(), c.opts.Dialer),
		SessionTimeout:    conf.sessionTimeout,
		HeartbeatInterval: conf.heartbeatInterval,
		RebalanceTimeout:  c.opts.RebalanceTimeout,
		JoinGroupBackoff:  joinBackoff + rand.N(joinBackoff),
		// kafka-go's own watch on partitions leaves and joins without a pause while a topic is missing.
		WatchPartitionChanges: false,
	}
}

// generations runs a session for every generation of the group until life.quit ends; it returns the last one.
func (c *Consumer) generations(life lifetime, stop context.CancelCauseFunc, group *kafka.ConsumerGroup, conf groupSettings) *session {
	var (
		last   *session
		failed backoff
		former formerMember
	)
	defer func() { former.forget() }()
	for {
		gen, err := group.Next(life.quit)
		if life.quit.Err() != nil {
			return last
		}
		if err != nil {
			c.joinFailed(life.quit, stop, &failed, err, conf)
			if !errors.Is(err, kafka.RebalanceInProgress) {
				former.leave(life.quit, c) // After any other error kafka-go has left the group, or tried to.
			}
			continue
		}
		former.forget()
		failed, former = backoff{}, formerMember{id: gen.MemberID}
		if last != nil {
			<-last.finished
		}
		c.joined(conf)
		last = newSession(c, life, stop, gen, conf)
		gen.Start(last.run)
	}
}

func (c *Consumer) joined(conf groupSettings) {
	c.metrics.rebalances.Inc()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted = conf
}

// joinFailed ends the consumer if waiting won't help. kafka-go itself pauses before it tries again, but for a
// rebalance that was overtaken by another one.
func (c *Consumer) joinFailed(ctx context.Context, stop context.CancelCauseFunc, failed *backoff, err error, conf groupSettings) {
	switch {
	case errors.Is(err, kafka.InvalidSessionTimeout):
		c.sessionTimeoutRefused(stop, conf, err)
		return
	case fatal(err), errors.Is(err, kafka.InconsistentGroupProtocol), errors.Is(err, kafka.InvalidGroupId):
		stop(fmt.Errorf("join group %s: %w", c.opts.Group, err))
		return
	}
	log := c.logger.Debug
	if failed.failures == 0 {
		log = c.logger.Warn
	}
	log("joining the group failed, trying again", zap.Error(err))
	if errors.Is(err, kafka.RebalanceInProgress) {
		_ = failed.pause(ctx) // If ctx ends, so does the loop.
		return
	}
	failed.failures++
}

// sessionTimeoutRefused goes back to what the coordinator took before: a setting must not end an application.
func (c *Consumer) sessionTimeoutRefused(stop context.CancelCauseFunc, conf groupSettings, err error) {
	c.mu.Lock()
	c.refused = conf
	before := c.accepted
	c.mu.Unlock()
	if before == (groupSettings{}) || before == conf {
		stop(fmt.Errorf("join group %s: the broker's group.min.session.timeout.ms and group.max.session.timeout.ms don't allow consumer.session.timeout.ms %v: %w",
			c.opts.Group, conf.sessionTimeout, err))
		return
	}
	c.logger.Error("the broker refused the session timeout, going back to the former one",
		zap.Duration("refused", conf.sessionTimeout), zap.Duration("former", before.sessionTimeout), zap.Error(err))
	stop(errRejoin)
}

// leave ends the membership at the coordinator. Handlers may take their time before; the coordinator may not.
func leave(group *kafka.ConsumerGroup, last *session, conns *connections) {
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = group.Close() // It never fails.
	}()
	if last != nil {
		<-last.finished
	}
	timer := time.AfterFunc(leaveWithin, conns.close)
	defer timer.Stop()
	<-left
}

// recount looks how many partitions the topics have; it returns true if that has changed since the last look.
func (c *Consumer) recount(ctx context.Context) bool {
	changed := false
	for _, topic := range c.opts.Topics {
		n, err := c.brokers.partitions(ctx, topic)
		if err != nil {
			return changed // The fetchers say so.
		}
		if before, known := c.counts[topic]; known && n != before {
			c.logger.Info("the number of partitions changed", zap.String("topic", topic), zap.Int("before", before), zap.Int("now", n))
			changed = true
		}
		c.counts[topic] = n
	}
	return changed
}
