// Package kafkatest gives tests a real Apache Kafka, see package internal/kafkaserver.
//
// Where Java or Maven are missing, a test that asks for one is skipped with a message that says so; where the
// environment has VELTRIX_REQUIRE_REAL=1, as in continuous integration, it fails instead.
package kafkatest

import (
	"context"
	"os"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkaserver"
)

// RequireReal is the environment variable under which a test may not be skipped for want of a real part.
const RequireReal = "VELTRIX_REQUIRE_REAL"

// Options says what to run; the data goes to a folder of the test's.
type Options struct {
	Brokers    int
	Version    string
	HeapMB     int
	Properties map[string]string
}

// Start starts a cluster, or skips the test, and stops it when the test ends.
func Start(t testing.TB, o Options) *kafkaserver.Cluster {
	t.Helper()
	Need(t, kafkaserver.Available())
	c, err := kafkaserver.Start(context.Background(), kafkaserver.Options{
		Brokers: o.Brokers, Version: o.Version, HeapMB: o.HeapMB, Properties: o.Properties, Dir: t.TempDir(),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop()) })
	return c
}

// Need skips the test if missing is not nil, and fails it if real parts are required here.
func Need(t testing.TB, missing error) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv(RequireReal) == "1":
		t.Fatalf("%s=1 forbids skipping: %v", RequireReal, missing)
	default:
		t.Skipf("skipped: %v", missing)
	}
}

// CreateTopic creates a topic. Its partitions may be without a leader for a moment after it returns.
func CreateTopic(t testing.TB, addr, topic string, partitions, replicas int) {
	t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(addr), Transport: transport}
	created, err := client.CreateTopics(context.Background(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: replicas}},
	})
	require.NoError(t, err)
	require.NoError(t, created.Errors[topic])
}
