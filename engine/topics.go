package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

const (
	// topicsWithin bounds the wait for brokers that are not there yet.
	topicsWithin = 2 * time.Minute
	// topicsEvery is the pause between two tries.
	topicsEvery = 200 * time.Millisecond
	// forever keeps all events: they are the only place where the hunts are.
	forever = "-1"
	// Former snapshots are compacted away soon, so that whoever reads the topic reads little more than the newest.
	snapshotSegment = "16777216" // bytes
	snapshotLag     = "600000"   // ms
	snapshotDirty   = "0.1"      // of the log
)

// errTopic says that a topic is there and doesn't fit; waiting won't help.
var errTopic = errors.New("the topic does not fit")

// topics creates the topics that don't exist, and refuses those that don't fit.
func (e *Engine) topics(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, topicsWithin)
	defer cancel()
	transport := &kafka.Transport{ClientID: e.options.Runtime.ClientID()}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(e.options.Brokers...), Transport: transport, Timeout: 10 * time.Second}
	for logged := false; ; logged = true {
		err := e.ensure(ctx, client)
		if err == nil || errors.Is(err, errTopic) {
			return err
		}
		if !logged {
			e.log.Warn("the topics are not there yet, waiting for them", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("look for the topics %s, or create them: %w", strings.Join(e.topicNames(), ", "), errors.Join(err, ctx.Err()))
		case <-time.After(topicsEvery):
		}
	}
}

func (e *Engine) topicNames() []string {
	return []string{e.options.Commands, e.options.Events, e.options.Snapshots}
}

// ensure creates what is missing and checks the rest. Who may not create topics can still use those that are there.
func (e *Engine) ensure(ctx context.Context, client *kafka.Client) error {
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: e.topicNames()})
	if err != nil {
		return fmt.Errorf("look up the topics: %w", err)
	}
	var missing []string
	for _, t := range meta.Topics {
		switch {
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
			missing = append(missing, t.Name)
		case t.Error != nil:
			return fmt.Errorf("look up topic %s: %w", t.Name, t.Error)
		default:
			if err := e.fits(t); err != nil {
				return err
			}
		}
	}
	if len(missing) == 0 {
		return e.keepsEvents(ctx, client)
	}
	if err := e.create(ctx, client, missing); err != nil {
		return err
	}
	return fmt.Errorf("the new topics %v are not known everywhere yet", missing)
}

// fits checks a topic that is there. All must have as many partitions, because the events of a hunt are read
// from the partition with the number of its commands, and so are its snapshots.
func (e *Engine) fits(t kafka.Topic) error {
	if len(t.Partitions) != e.options.Partitions {
		return fmt.Errorf("%w: %s has %d partitions, configured are %d; configure what is there, or other topics", errTopic, t.Name, len(t.Partitions), e.options.Partitions)
	}
	for _, p := range t.Partitions {
		if len(p.Replicas) < e.options.Replication {
			return fmt.Errorf("%w: partition %d of %s has %d replicas, configured are %d; add replicas, or configure what is there",
				errTopic, p.ID, t.Name, len(p.Replicas), e.options.Replication)
		}
	}
	return nil
}

func (e *Engine) create(ctx context.Context, client *kafka.Client, topics []string) error {
	request := &kafka.CreateTopicsRequest{}
	for _, name := range topics {
		// With three replicas one may be down without a write failing, and one may be lost without a write being lost.
		inSync := min(2, max(1, e.options.Replication-1))
		c := kafka.TopicConfig{
			Topic: name, NumPartitions: e.options.Partitions, ReplicationFactor: e.options.Replication,
			ConfigEntries: entries("min.insync.replicas", strconv.Itoa(inSync)),
		}
		switch name {
		case e.options.Events:
			c.ConfigEntries = append(c.ConfigEntries, entries("cleanup.policy", "delete", "retention.ms", forever, "retention.bytes", forever)...)
		case e.options.Snapshots:
			c.ConfigEntries = append(c.ConfigEntries, entries("cleanup.policy", "compact", "segment.bytes", snapshotSegment,
				"max.compaction.lag.ms", snapshotLag, "min.cleanable.dirty.ratio", snapshotDirty)...)
		}
		request.Topics = append(request.Topics, c)
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
	return nil
}

// entries returns pairs of names and values as Kafka wants them.
func entries(pairs ...string) []kafka.ConfigEntry {
	var all []kafka.ConfigEntry
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, kafka.ConfigEntry{ConfigName: pair[0], ConfigValue: pair[1]})
	}
	return all
}

// keepsEvents refuses a topic for events that forgets former ones of a hunt, and warns of one that forgets old ones.
func (e *Engine) keepsEvents(ctx context.Context, client *kafka.Client) error {
	policy, age, size := "cleanup.policy", "retention.ms", "retention.bytes"
	described, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: e.options.Events, ConfigNames: []string{policy, age, size},
	}}})
	if err != nil {
		return fmt.Errorf("look up the configuration of topic %s: %w", e.options.Events, err)
	}
	for _, r := range described.Resources {
		if r.Error != nil {
			e.log.Warn("whether the events are kept is not known: the topic's configuration can't be read", zap.Error(r.Error))
		}
		for _, c := range r.ConfigEntries {
			switch {
			case c.ConfigName == policy && strings.Contains(c.ConfigValue, "compact"):
				return fmt.Errorf("%w: %s has cleanup.policy %s, which keeps only the last event of a hunt; set it to delete", errTopic, e.options.Events, c.ConfigValue)
			case (c.ConfigName == age || c.ConfigName == size) && c.ConfigValue != forever:
				e.log.Warn("the topic of the events forgets old ones, and with them hunts; set it to -1",
					zap.String("topic", e.options.Events), zap.String("configuration", c.ConfigName), zap.String("value", c.ConfigValue))
			}
		}
	}
	return nil
}
