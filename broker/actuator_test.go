package broker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const threads = settings.Name("broker.num.io.threads")

// start runs an actuator on a store in memory until the test ends.
func start(t *testing.T, addrs []string) *memory.Store {
	t.Helper()
	s := memory.New(memory.Options{App: "hunt"})
	a, err := New(Options{App: "hunt", Brokers: addrs, Source: s})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return s
}

// report waits for a report of the actuator that is as wanted.
func report(t *testing.T, s *memory.Store, good func(settings.Report) bool) {
	t.Helper()
	var last []settings.Report
	require.Eventually(t, func() bool {
		last, _ = s.Instances(t.Context())
		return len(last) == 1 && good(last[0])
	}, time.Minute, 20*time.Millisecond)
}

// A document's broker setting reaches every broker, by doublings; it is acknowledged once it is read back. A document without
// it gives the brokers their own configuration back.
func TestBrokerSettingsAreAppliedAndUndone(t *testing.T) {
	k := kafkatest.Start(t, kafkatest.Options{Brokers: 2, HeapMB: 256})
	s := start(t, k.Addrs())
	by := store.Operator{Who: "ann", Why: "a test"}
	report(t, s, func(r settings.Report) bool { return r.Generation == 0 && r.Effective[threads].Int() == 8 })

	_, err := s.SetValues(t.Context(), settings.Values{threads: settings.Number(40)}, nil, by) // 8 → 16 → 32 → 40
	require.NoError(t, err)
	report(t, s, func(r settings.Report) bool { return r.Generation == 1 && r.Effective[threads].Int() == 40 })
	a, err := New(Options{App: "hunt", Brokers: k.Addrs(), Source: s})
	require.NoError(t, err)
	defer a.own.CloseIdleConnections()
	for _, n := range k.Nodes() {
		now, err := a.cluster.show(t.Context(), n.ID, []settings.Name{threads})
		require.NoError(t, err)
		require.Equal(t, shown{40, true}, now[threads], "broker %d", n.ID)
	}

	_, err = s.SetValues(t.Context(), nil, []settings.Name{threads}, by)
	require.NoError(t, err)
	report(t, s, func(r settings.Report) bool { return r.Generation == 2 && r.Effective[threads].Int() == 8 })
	now, err := a.cluster.show(t.Context(), k.Nodes()[1].ID, []settings.Name{threads})
	require.NoError(t, err)
	require.Equal(t, shown{8, false}, now[threads])
}

// Brokers that can't be reached are a refusal with the reason, so that a trial is taken back.
func TestWhatCannotBeAppliedIsRefused(t *testing.T) {
	s := start(t, []string{"127.0.0.1:1"})
	_, err := s.SetValues(t.Context(), settings.Values{threads: settings.Number(16)}, nil, store.Operator{Who: "ann", Why: "a test"})
	require.NoError(t, err)
	report(t, s, func(r settings.Report) bool {
		return r.Refusal != nil && r.Refusal.Generation == 1 && r.Generation == 0
	})
}

// Every way leads to its goal by steps that Kafka allows: at least half and at most twice the value before.
func TestStepsAreWhatKafkaAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at, to := rapid.Int64Range(1, 256).Draw(t, "from"), rapid.Int64Range(1, 256).Draw(t, "to")
		for steps := 0; at != to; steps++ {
			n := next(at, to)
			require.LessOrEqual(t, n, 2*at)
			require.GreaterOrEqual(t, 2*n, at)
			require.Less(t, steps, 9)
			at = n
		}
	})
}
