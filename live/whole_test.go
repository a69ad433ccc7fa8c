package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/settings"
)

// The size of the whole way's test.
const (
	wholeKeys    = 8
	wholeRecords = 100_000
	wholeChanges = 500
	wholeMembers = 3
)

// Eight goroutines produce 10⁵ keyed records while settings change 500 times, leaders move, brokers refuse requests and cut
// connections, and the members of a group come and go: each record is in the log once, each is handled once, in its
// key's order.
func TestTheWholeWay(t *testing.T) {
	c := newKafka(t, 3, "orders", 6)
	seed := newSeed(t)
	failNowAndThen(c, seed)
	w := newWhole(t, c.ListenAddrs(), seed)
	w.run(func(change int) {
		if change%50 == 0 {
			c.ShufflePartitionLeaders()
		}
	})
	w.requireExplained(0)
}

// The same with three real brokers, of which one is killed and started again, so that leaders and coordinators move. What is
// handled twice then was in the hands of a member whose commit was lost with the broker.
func TestTheWholeWayOnRealBrokers(t *testing.T) {
	for _, version := range []string{"4.3.1", "3.9.1"} {
		t.Run(version, func(t *testing.T) {
			c := kafkatest.Start(t, kafkatest.Options{
				Version: version, Brokers: 3, HeapMB: 256, Properties: map[string]string{"min.insync.replicas": "2"},
			})
			kafkatest.CreateTopic(t, c.Addrs()[0], "orders", 6, 3)
			w := newWhole(t, c.Addrs(), newSeed(t))
			w.run(func(change int) {
				switch change {
				case wholeChanges / 3:
					require.NoError(t, c.Nodes()[0].Kill())
				case 2 * wholeChanges / 3:
					require.NoError(t, c.Nodes()[0].Start(t.Context()))
				}
			})
			w.requireExplained(wholeRecords)
		})
	}
}

func newSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return seed
}

// whole is one run of the whole way.
type whole struct {
	t        *testing.T
	addrs    []string
	rng      *rand.Rand
	producer *Producer
	members  []*wholeMember
	document settings.Document

	mu          sync.Mutex
	assignments int
	handledBy   map[int][]int  // by partition and offset: the assignment that handled it
	newest      map[string]int // by key
	handled     int
	repeats     int
	faults      []string
}

func newWhole(t *testing.T, addrs []string, seed uint64) *whole {
	t.Helper()
	w := &whole{
		t: t, addrs: addrs, rng: rand.New(rand.NewPCG(seed, 3)), handledBy: map[int][]int{}, newest: map[string]int{},
	}
	r, _ := newRuntime(t, settings.Values{
		settings.ProducerRetryBackoffMs: settings.Number(1), settings.ProducerRetryBackoffMaxMs: settings.Number(20),
	}, nil)
	p, err := NewProducer(ProducerOptions{Runtime: r, Brokers: addrs})
	require.NoError(t, err)
	w.producer = p
	return w
}

// run is the whole way: records are produced and handled, and at regular distances settings change and trouble comes.
func (w *whole) run(trouble func(change int)) {
	w.t.Helper()
	for range wholeMembers {
		w.members = append(w.members, w.join())
	}
	var acknowledged atomic.Int64
	var producing sync.WaitGroup
	for key := range wholeKeys {
		producing.Go(func() { w.produce(fmt.Sprint("key-", key), wholeRecords/wholeKeys, &acknowledged) })
	}
	for change := 1; change <= wholeChanges; change++ {
		goal := int64(change) * wholeRecords / (wholeChanges + 1)
		require.Eventually(w.t, func() bool { return acknowledged.Load() >= goal }, 4*patience, time.Millisecond)
		w.change(int64(change))
		if change%60 == 0 {
			w.comeAndGo(change / 60)
		}
		trouble(change)
	}
	producing.Wait()
	require.Equal(w.t, int64(wholeRecords), acknowledged.Load())
	require.NoError(w.t, w.producer.Close(w.t.Context()))
	require.Eventually(w.t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.handled >= wholeRecords || len(w.faults) > 0
	}, 4*patience, 10*time.Millisecond)
	for _, m := range w.members {
		m.leave(w.t)
	}
}

// produce writes n numbered records of one key and keeps a few under way.
func (w *whole) produce(key string, n int, acknowledged *atomic.Int64) {
	places := make(chan struct{}, 200)
	for i := range n {
		places <- struct{}{}
		err := w.producer.Send(w.t.Context(), Record{Topic: "orders", Key: []byte(key), Value: strconv.AppendInt(nil, int64(i), 10)}, func(_ Record, err error) {
			if err != nil {
				w.t.Errorf("%s, record %d: %v", key, i, err)
			}
			acknowledged.Add(1)
			<-places
		})
		if err != nil {
			w.t.Errorf("%s, record %d: %v", key, i, err)
			return
		}
	}
	for range cap(places) {
		places <- struct{}{}
	}
}

// change gives everybody new settings; one change in fifty is one that members rejoin for.
func (w *whole) change(generation int64) {
	w.document = randomDocument(w.rng, generation, "orders")
	v := w.document.Settings
	if w.rng.IntN(10) > 0 { // One record a request is slow; a few such times are enough.
		v[settings.ProducerBatchMaxRecords] = settings.Number(10 + w.rng.Int64N(10000))
	}
	v[settings.ProducerLingerMs] = settings.Number(w.rng.Int64N(6))
	w.document.Topics["orders"][settings.ProducerLingerMs] = settings.Number(w.rng.Int64N(6))
	v[settings.ConsumerFetchMaxWaitMs] = settings.Number(1 + w.rng.Int64N(200))
	v[settings.ConsumerFetchMinBytes] = settings.Number(w.rng.Int64N(2000))
	v[settings.ConsumerMaxPartitionFetchBytes] = settings.Number(2048 + w.rng.Int64N(1<<16))
	v[settings.ConsumerQueuedMaxRecords] = settings.Number(1 + w.rng.Int64N(1000))
	v[settings.ConsumerAutoCommitIntervalMs] = settings.Number(w.rng.Int64N(100))
	v[settings.ConsumerSessionTimeoutMs] = settings.Number(10000 + 1000*(generation/50))
	w.apply(w.producer.runtime)
	for _, m := range w.members {
		w.apply(m.consumer.runtime)
	}
}

func (w *whole) apply(r *Runtime) {
	r.apply(settings.Update{Document: w.document})
	require.Equal(w.t, w.document.Generation, r.Generation(), "the document is refused: %+v", r.refused)
}

// comeAndGo replaces a member by a new one.
func (w *whole) comeAndGo(i int) {
	at := i % len(w.members)
	w.members[at].leave(w.t)
	w.members[at] = w.join()
	w.apply(w.members[at].consumer.runtime)
}

// wholeMember is a member of the group. An assignment of it has a number.
type wholeMember struct {
	consumer   *Consumer
	running    *running
	assignment atomic.Int64
}

func (w *whole) join() *wholeMember {
	w.t.Helper()
	base := nimble()
	base[settings.ConsumerSessionTimeoutMs] = settings.Number(10000)
	r, _ := newRuntime(w.t, base, nil)
	m := &wholeMember{}
	c, err := NewConsumer(ConsumerOptions{
		Runtime: r, Brokers: w.addrs, Group: "billing", Topics: []string{"orders"}, rejoinStep: 300 * time.Millisecond,
		OnAssigned: func(context.Context, map[string][]int) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.assignments++
			m.assignment.Store(int64(w.assignments))
			return nil
		},
		Handler: func(_ context.Context, _ string, partition int, records []Record) error {
			w.handle(int(m.assignment.Load()), partition, records)
			return nil
		},
	})
	require.NoError(w.t, err)
	m.consumer, m.running = c, run(w.t, c.Run)
	return m
}

func (m *wholeMember) leave(t *testing.T) {
	t.Helper()
	closeConsumer(t, m.consumer)
	require.NoError(t, m.running.end())
}

// handle notes records. A gap, a record out of its key's order and one that comes twice in one assignment are faults.
func (w *whole) handle(assignment, partition int, records []Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range records {
		by := w.handledBy[partition]
		switch {
		case r.Offset < int64(len(by)):
			w.repeats++
			if by[r.Offset] == assignment {
				w.faults = append(w.faults, fmt.Sprintf("partition %d: offset %d twice in assignment %d", partition, r.Offset, assignment))
			}
			continue
		case r.Offset > int64(len(by)):
			w.faults = append(w.faults, fmt.Sprintf("partition %d: offset %d, %d never was handled", partition, r.Offset, len(by)))
			continue
		}
		w.handledBy[partition] = append(by, assignment)
		w.handled++
		key := string(r.Key)
		if n, err := strconv.Atoi(string(r.Value)); err != nil || n != w.newest[key] {
			w.faults = append(w.faults, fmt.Sprintf("%s: %q after %d records", key, r.Value, w.newest[key]))
		}
		w.newest[key]++
	}
}

// requireExplained checks that nothing went wrong, and that no more records than allowed came again to another member.
func (w *whole) requireExplained(repeats int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Empty(w.t, w.faults)
	require.Equal(w.t, wholeRecords, w.handled)
	require.LessOrEqual(w.t, w.repeats, repeats)
	w.t.Logf("%d records, %d assignments, %d records handled again after a rebalance", w.handled, w.assignments, w.repeats)
}
