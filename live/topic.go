package live

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/segmentio/kafka-go"
)

// topic routes records to partitions. Until its partitions are known, records wait in a pen, in their order.
type topic struct {
	producer *Producer
	name     string
	metrics  *topicMetrics
	// routes is nil until the partitions are known.
	routes atomic.Pointer[routes]
	// largest is the wire size of the largest record seen.
	largest atomic.Int64
	// learned is a limit for batches that a broker's refusal taught; 0 for none.
	learned atomic.Int64
	// sticky is the index of the partition that takes records without a key at present.
	sticky atomic.Int32

	mu  sync.Mutex // guards the pen and changes of routes
	pen entryList
	err error // why the partitions are not known
}

// routes are a topic's partitions, ordered by number.
type routes struct {
	partitions []*partition
	ids        []int // for balancers
}

// add takes a record in, or pens it.
func (t *topic) add(e *entry, s *producerSettings) {
	t.seen(int64(wireSize(&e.rec)))
	r := t.routes.Load()
	if r == nil {
		t.mu.Lock()
		if r = t.routes.Load(); r == nil {
			t.pen.push(e)
			t.mu.Unlock()
			t.producer.cluster.ask(false)
			return
		}
		t.mu.Unlock()
	}
	if err := t.route(r, e, s); err != nil {
		t.producer.report(listOf(e), err)
	}
}

// seen keeps the size of the largest record.
func (t *topic) seen(size int64) {
	for {
		old := t.largest.Load()
		if size <= old || t.largest.CompareAndSwap(old, size) {
			return
		}
	}
}

// route gives e to its partition; it fails if the balancer chooses one that does not exist.
func (t *topic) route(r *routes, e *entry, s *producerSettings) error {
	i, sticks := t.choose(r, &e.rec)
	if i < 0 || i >= len(r.partitions) {
		return fmt.Errorf("produce to topic %q: the balancer chose partition %d, there are %d; correct the balancer", t.name, i, len(r.partitions))
	}
	if full := r.partitions[i].add(e, s); full && sticks {
		t.unstick(r, i)
	}
	return nil
}

// choose returns the index of the record's partition, and whether it was chosen for want of a key.
func (t *topic) choose(r *routes, rec *Record) (index int, sticks bool) {
	if b := t.producer.opts.Balancer; b != nil {
		return b.Balance(kafka.Message{Topic: rec.Topic, Key: rec.Key, Value: rec.Value, Time: rec.Time}, r.ids...), false
	}
	if rec.Key != nil {
		return keyPartition(rec.Key, len(r.partitions)), false
	}
	return int(t.sticky.Load()) % len(r.partitions), true
}

// unstick turns records without a key from partition i to another: the less loaded of two that are drawn by lot,
// which keeps them away from a partition that is slow or has no leader.
func (t *topic) unstick(r *routes, i int) {
	n := len(r.partitions)
	if int(t.sticky.Load()) != i || n == 1 {
		return
	}
	a := (i + 1 + rand.IntN(n-1)) % n
	b := (i + 1 + rand.IntN(n-1)) % n
	loadA, ledA := r.partitions[a].load()
	loadB, ledB := r.partitions[b].load()
	if ledB && !ledA || ledA == ledB && loadB < loadA {
		a = b
	}
	t.sticky.CompareAndSwap(int32(i), int32(a))
}

// left notes that a batch of pt leaves. Routes are not there yet while the pen is being emptied.
func (t *topic) left(pt *partition) {
	if r := t.routes.Load(); r != nil {
		t.unstick(r, pt.id)
	}
}

// batchLimit is batch.size, raised to the largest record seen so that a lower one doesn't make every record a batch
// of its own, and lowered to what the broker was seen to take.
func (t *topic) batchLimit(s *producerSettings) int {
	limit := max(s.batchBytes, int(t.largest.Load()))
	if l := t.learned.Load(); l > 0 {
		limit = min(limit, int(l))
	}
	return limit
}

// resolve takes over what metadata says: the number of partitions and their leaders' lanes. Records in the pen go to
// their partitions in their order.
func (t *topic) resolve(leaders []*lane, errs []error, s *producerSettings) {
	if lost, err := t.update(leaders, errs, s); lost.n > 0 {
		t.producer.report(lost, err)
	}
}

func (t *topic) update(leaders []*lane, errs []error, s *producerSettings) (lost entryList, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.routes.Load()
	r := old
	if old == nil || len(leaders) > len(old.partitions) {
		r = t.grow(old, len(leaders))
	}
	for i, l := range leaders {
		r.partitions[i].place(l, errs[i], s)
	}
	pen := t.pen
	t.pen, t.err = entryList{}, nil
	for e := pen.head; e != nil; {
		next := e.next
		if bad := t.route(r, e, s); bad != nil {
			lost.push(e)
			err = bad
		}
		e = next
	}
	t.routes.Store(r) // Only now: nothing younger may overtake the pen.
	return lost, err
}

func (t *topic) grow(old *routes, n int) *routes {
	r := &routes{partitions: make([]*partition, n), ids: make([]int, n)}
	for i := range n {
		r.ids[i] = i
		if old != nil && i < len(old.partitions) {
			r.partitions[i] = old.partitions[i]
			continue
		}
		r.partitions[i] = &partition{topic: t, id: i, soonest: never}
	}
	if old == nil {
		t.sticky.Store(int32(rand.IntN(n)))
	}
	return r
}

// stuck says whether a record waits for partitions or for a leader to become known.
func (t *topic) stuck() bool {
	t.mu.Lock()
	penned := t.pen.n > 0
	t.mu.Unlock()
	return penned || slices.ContainsFunc(t.partitions(), (*partition).stuck)
}

// unresolved notes why the partitions are not known.
func (t *topic) unresolved(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
}

// partitions returns the partitions known so far.
func (t *topic) partitions() []*partition {
	if r := t.routes.Load(); r != nil {
		return r.partitions
	}
	return nil
}
