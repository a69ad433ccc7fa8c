package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/veltrix/veltrix/lab"
)

// topicWithin bounds what is done to a topic.
const topicWithin = 30 * time.Second

// admin opens a client for topics; done closes its connections.
func admin(brokers []string) (client *kafka.Client, done func()) {
	transport := &kafka.Transport{ClientID: "bench-admin"}
	return &kafka.Client{Addr: kafka.TCP(brokers...), Transport: transport, Timeout: topicWithin}, transport.CloseIdleConnections
}

// newTopic makes a topic of its own for a scenario, named after it and the time, and waits until all partitions have leaders.
func newTopic(ctx context.Context, k *lab.Kafka, s Scenario) (string, error) {
	client, done := admin(k.Brokers)
	defer done()
	name := fmt.Sprintf("bench-%s-%s", s, strconv.FormatInt(time.Now().UnixMilli(), 36))
	created, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: name, NumPartitions: s.Partitions, ReplicationFactor: 1}},
	})
	if err == nil {
		err = created.Errors[name]
	}
	if err != nil {
		return "", fmt.Errorf("create topic %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, topicWithin)
	defer cancel()
	for !led(ctx, client, name, s.Partitions) {
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for leaders of topic %s: %w", name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return name, nil
}

// led says whether all partitions of a topic have leaders.
func led(ctx context.Context, client *kafka.Client, topic string, partitions int) bool {
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil || len(meta.Topics) != 1 || len(meta.Topics[0].Partitions) != partitions {
		return false
	}
	for _, p := range meta.Topics[0].Partitions {
		if p.Error != nil {
			return false
		}
	}
	return true
}

// dropTopic removes a topic, so that the next scenario doesn't share the disk with it.
func dropTopic(k *lab.Kafka, name string) error {
	client, done := admin(k.Brokers)
	defer done()
	ctx, cancel := context.WithTimeout(context.Background(), topicWithin)
	defer cancel()
	if _, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{name}}); err != nil {
		return fmt.Errorf("delete topic %s: %w", name, err)
	}
	return nil
}
