package live

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Close is bounded by its context, whatever the cluster and the handler do.
func TestClosingAConsumerIsBounded(t *testing.T) {
	for name, broker := range map[string]func(testing.TB) string{"nobody": nobody, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			r, _ := newRuntime(t, nimble(), nil)
			c, err := NewConsumer(ConsumerOptions{
				Runtime: r, Brokers: []string{broker(t)}, Group: "billing", Topics: []string{"orders"}, Handler: (&ledger{}).handle,
			})
			require.NoError(t, err)
			running := run(t, c.Run)
			require.Eventually(t, func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.started
			}, patience, time.Millisecond)
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_ = c.Close(ctx) // Whether it was in time depends on who was being asked.
			require.Less(t, time.Since(start), 2*time.Second)
			require.NoError(t, running.wait())
			require.Less(t, time.Since(start), leaveWithin)
			require.NoError(t, c.Close(t.Context()), "closing again does no harm")
		})
	}
	t.Run("a broker that died", func(t *testing.T) {
		k := newKafka(t, 1, "orders", 1)
		newWriter(t, k).numbers(0, 0, 10)
		var l ledger
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler = l.handle })
		running := run(t, c.Run)
		l.requireNumbers(t, 0, 10)
		k.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_ = c.Close(ctx)
		require.NoError(t, running.wait())
	})
	t.Run("a handler that hangs", func(t *testing.T) {
		k := newKafka(t, 1, "orders", 1)
		newWriter(t, k).numbers(0, 0, 10)
		begun := make(chan struct{})
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) {
			o.Handler = func(ctx context.Context, _ string, _ int, _ []Record) error {
				close(begun)
				<-ctx.Done()
				return ctx.Err()
			}
		})
		running := run(t, c.Run)
		<-begun
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, c.Close(ctx), context.DeadlineExceeded)
		require.NoError(t, running.wait())
		require.LessOrEqual(t, committed(t, k, 0), int64(0))
	})
}
