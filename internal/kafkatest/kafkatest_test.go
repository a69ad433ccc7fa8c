package kafkatest_test

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
)

// What is acknowledged survives kill -9 of the only broker, and the broker comes back on the same port.
func TestANodeComesBackWithItsData(t *testing.T) {
	cluster := kafkatest.Start(t, kafkatest.Options{})
	node := cluster.Nodes()[0]
	kafkatest.CreateTopic(t, node.Addr(), "kept", 1, 1)
	write(t, node.Addr(), "before")

	require.NoError(t, node.Kill())
	require.False(t, node.Running())
	require.NoError(t, node.Start(t.Context()))

	write(t, node.Addr(), "after")
	require.Equal(t, []string{"before", "after"}, read(t, node.Addr(), 2))
}

// Three nodes form one cluster, and a topic on all of them outlives the stop of one.
func TestThreeNodesOutliveOne(t *testing.T) {
	cluster := kafkatest.Start(t, kafkatest.Options{Brokers: 3, HeapMB: 256})
	kafkatest.CreateTopic(t, cluster.Addrs()[0], "kept", 1, 3)
	write(t, cluster.Addrs()[0], "before")

	require.NoError(t, cluster.Nodes()[2].Stop())

	require.Equal(t, []string{"before"}, read(t, cluster.Addrs()[0], 1))
}

func write(t *testing.T, addr, value string) {
	t.Helper()
	transport := &kafka.Transport{MetadataTTL: 200 * time.Millisecond}
	defer transport.CloseIdleConnections()
	w := &kafka.Writer{
		Addr: kafka.TCP(addr), Topic: "kept", RequiredAcks: kafka.RequireAll,
		BatchTimeout: time.Millisecond, Transport: transport,
	}
	require.Eventually(t, func() bool {
		return w.WriteMessages(t.Context(), kafka.Message{Value: []byte(value)}) == nil
	}, time.Minute, 100*time.Millisecond)
	require.NoError(t, w.Close())
}

func read(t *testing.T, addr string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{addr}, Topic: "kept", MaxWait: 100 * time.Millisecond})
	defer r.Close()
	var values []string
	for range n {
		m, err := r.ReadMessage(ctx)
		require.NoError(t, err)
		values = append(values, string(m.Value))
	}
	return values
}
