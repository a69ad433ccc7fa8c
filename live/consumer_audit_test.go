package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
)

// audit keeps who handled what, and who held what when.
type audit struct {
	mu      sync.Mutex
	highest map[int]int64 // by partition: the next offset that was never handled
	holder  map[int]string
	repeats []string
	faults  []string
	total   int
}

// assigned notes a new holder. Two at once are a fault.
func (a *audit) assigned(who string, partitions []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.holder == nil {
		a.holder, a.highest = make(map[int]string), make(map[int]int64)
	}
	for _, p := range partitions {
		if a.holder[p] != "" {
			a.faults = append(a.faults, fmt.Sprintf("partition %d: assigned to %s while %s had it", p, who, a.holder[p]))
		}
		a.holder[p] = who
	}
}

func (a *audit) revoked(who string, partitions []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range partitions {
		if a.holder[p] == who {
			a.holder[p] = ""
		}
	}
}

// handled notes records. A gap is a fault; so is a repetition inside one assignment.
func (a *audit) handled(who string, partition int, records []Record, next *int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.holder[partition] != who {
		a.faults = append(a.faults, fmt.Sprintf("partition %d: handled by %s, held by %q", partition, who, a.holder[partition]))
	}
	for _, r := range records {
		if string(r.Value) != fmt.Sprint(r.Offset) {
			a.faults = append(a.faults, fmt.Sprintf("partition %d: %q at offset %d", partition, r.Value, r.Offset))
		}
		if *next >= 0 && r.Offset != *next {
			a.faults = append(a.faults, fmt.Sprintf("partition %d: offset %d after %d in one assignment of %s", partition, r.Offset, *next-1, who))
		}
		if r.Offset > a.highest[partition] {
			a.faults = append(a.faults, fmt.Sprintf("partition %d: offset %d was handled by %s, %d never was", partition, r.Offset, who, a.highest[partition]))
		}
		if r.Offset < a.highest[partition] {
			a.repeats = append(a.repeats, fmt.Sprintf("partition %d: offset %d again by %s", partition, r.Offset, who))
		}
		*next = r.Offset + 1
		a.highest[partition] = max(a.highest[partition], *next)
		a.total++
	}
}

func (a *audit) complete(partitions int, n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := range partitions {
		if a.highest[p] < n {
			return false
		}
	}
	return true
}

// progress waits for some records to be handled, if anybody is there to do so, or a moment.
func (a *audit) progress(t *testing.T, n int) {
	t.Helper()
	a.mu.Lock()
	goal := a.total + n
	a.mu.Unlock()
	deadline := time.Now().Add(300 * time.Millisecond)
	require.Eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.total >= goal || time.Now().After(deadline)
	}, patience, time.Millisecond)
}

// requireExplained checks that nothing went wrong. Every member said goodbye, so nothing was handled twice, either.
func (a *audit) requireExplained(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	require.Empty(t, a.faults)
	require.Empty(t, a.repeats)
}

// auditedMember is a consumer under audit.
type auditedMember struct {
	t        *testing.T
	consumer *Consumer
	running  *running
}

func (a *audit) join(t *testing.T, brokers []string, who string) *auditedMember {
	t.Helper()
	r, _ := newRuntime(t, nimble(), nil)
	var (
		mu    sync.Mutex
		nexts map[int]*int64
	)
	c, err := NewConsumer(ConsumerOptions{
		Runtime: r, Brokers: brokers, Group: "billing", Topics: []string{"orders"},
		OnAssigned: func(_ context.Context, p map[string][]int) error {
			mu.Lock()
			nexts = make(map[int]*int64)
			for _, id := range p["orders"] {
				next := int64(-1)
				nexts[id] = &next
			}
			mu.Unlock()
			a.assigned(who, p["orders"])
			return nil
		},
		OnRevoked: func(_ context.Context, p map[string][]int) { a.revoked(who, p["orders"]) },
		Handler: func(_ context.Context, _ string, partition int, records []Record) error {
			mu.Lock()
			next := nexts[partition]
			mu.Unlock()
			a.handled(who, partition, records, next)
			return nil
		},
		rejoinStep: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	return &auditedMember{t: t, consumer: c, running: run(t, c.Run)}
}

// leave ends the member, by Close or by its context. Its handler never fails, so nothing is repeated either way.
func (m *auditedMember) leave(byClose bool) {
	m.t.Helper()
	if byClose {
		closeConsumer(m.t, m.consumer)
	}
	if err := m.running.end(); !errors.Is(err, ErrClosed) { // It was closed before it ran.
		require.NoError(m.t, err)
	}
}

// apply changes settings by chance, now and then one that needs a rejoin.
func (m *auditedMember) apply(generation int64, rng *rand.Rand) {
	v := settings.Values{
		settings.ConsumerFetchMaxWaitMs:         settings.Number(1 + rng.Int64N(200)),
		settings.ConsumerFetchMinBytes:          settings.Number(rng.Int64N(2000)),
		settings.ConsumerMaxPartitionFetchBytes: settings.Number(2048 + rng.Int64N(1<<16)),
		settings.ConsumerQueuedMaxRecords:       settings.Number(1 + rng.Int64N(1000)),
		settings.ConsumerAutoCommitIntervalMs:   settings.Number(rng.Int64N(100)),
	}
	if rng.IntN(8) == 0 {
		v[settings.ConsumerSessionTimeoutMs] = settings.Number(10000 + rng.Int64N(10000))
	}
	m.consumer.runtime.apply(settings.Update{Document: settings.Document{Schema: 1, App: "test", Generation: generation, Settings: v}})
	require.Equal(m.t, generation, m.consumer.runtime.Generation())
}
