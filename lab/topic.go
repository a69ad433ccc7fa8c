package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// topicWithin bounds what is done to a topic.
const topicWithin = 30 * time.Second

// admin opens a client for topics; done closes its connections.
func (k *Kafka) admin() (client *kafka.Client, done func()) {
	transport := &kafka.Transport{ClientID: "lab-admin"}
	return &kafka.Client{Addr: kafka.TCP(k.Brokers...), Transport: transport, Timeout: topicWithin}, transport.CloseIdleConnections
}

// CreateTopic makes a topic with one replica, and waits until all its partitions have leaders.
func (k *Kafka) CreateTopic(ctx context.Context, name string, partitions int) error {
	client, done := k.admin()
	defer done()
	created, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}},
	})
	if err == nil {
		err = created.Errors[name]
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, topicWithin)
	defer cancel()
	for !led(ctx, client, name, partitions) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for leaders of topic %s: %w", name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
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

// DeleteTopic removes a topic.
func (k *Kafka) DeleteTopic(ctx context.Context, name string) error {
	client, done := k.admin()
	defer done()
	ctx, cancel := context.WithTimeout(ctx, topicWithin)
	defer cancel()
	if _, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{name}}); err != nil {
		return fmt.Errorf("delete topic %s: %w", name, err)
	}
	return nil
}
