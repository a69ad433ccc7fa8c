package lab

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkaserver"
	"github.com/veltrix/veltrix/internal/kafkatest"
)

// Every request to the real broker passes the front: it is counted, and can be made to cost time. A restart of the broker
// is what clients see of one without a front.
func TestTheFrontCountsAndSlows(t *testing.T) {
	kafkatest.Need(t, kafkaserver.Available())
	k, err := startFronted(t.Context(), "real", Service{}, filepath.Join(t.TempDir(), "kafka"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Stop()) })
	require.NoError(t, k.CreateTopic(t.Context(), "orders", 1))
	w := &kafka.Writer{Addr: kafka.TCP(k.Brokers...), Topic: "orders", BatchTimeout: time.Millisecond, RequiredAcks: kafka.RequireAll}
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	write := func() time.Duration {
		begin := time.Now()
		for range 5 {
			require.NoError(t, w.WriteMessages(t.Context(), kafka.Message{Value: []byte("x")}))
		}
		return time.Since(begin)
	}
	write()
	produced, _ := k.Requests()
	require.Equal(t, int64(5), produced)

	require.NoError(t, k.Slow(100*time.Millisecond))
	require.GreaterOrEqual(t, write(), 500*time.Millisecond)
	require.NoError(t, k.Slow(0))

	require.NoError(t, k.Restart(t.Context()))
	write()
	produced, _ = k.Requests()
	require.GreaterOrEqual(t, produced, int64(15))
}
