package bench

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// shards spreads the callers over histograms, so that recording is no queue of its own.
const shards = 16

// The histograms' range in microseconds, and their precision: three digits are 0.1 %.
const (
	lowest  = 1
	highest = 120_000_000
	digits  = 3
)

// tally is what became of the records of one measurement.
type tally struct {
	acknowledged, errors, dropped atomic.Int64
	elapsed                       time.Duration
	usage                         usage
	shards                        [shards]shard
}

type shard struct {
	mu        sync.Mutex
	latencies *hdrhistogram.Histogram
}

func newTally() *tally {
	t := &tally{}
	for i := range t.shards {
		t.shards[i].latencies = hdrhistogram.New(lowest, highest, digits)
	}
	return t
}

// record adds one record's end, seen by a caller.
func (t *tally) record(caller int, latency time.Duration, err error) {
	if err != nil {
		t.errors.Add(1)
		return
	}
	t.acknowledged.Add(1)
	s := &t.shards[caller%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.latencies.RecordValue(min(max(latency.Microseconds(), lowest), highest)) // clamped, so it can't fail
}

// latencies returns all latencies together.
func (t *tally) latencies() *hdrhistogram.Histogram {
	sum := hdrhistogram.New(lowest, highest, digits)
	for i := range t.shards {
		sum.Merge(t.shards[i].latencies)
	}
	return sum
}

// usage is what this process has used.
type usage struct {
	cpu    time.Duration
	allocs uint64
}

func usageNow() usage {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // fails for no process that asks about itself
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{cpu: time.Duration(r.Utime.Nano() + r.Stime.Nano()), allocs: m.Mallocs}
}

func (u usage) since(before usage) usage {
	return usage{cpu: u.cpu - before.cpu, allocs: u.allocs - before.allocs}
}
