package lab

import (
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Outcome is what became of a request, in the words of the load report.
type Outcome string

// The outcomes of a request.
const (
	OutcomeOK       Outcome = "ok"       // answered as the game's rules want, a lost race and a wrong guess included
	OutcomeTimeout  Outcome = "timeout"  // 504, or no answer within the client's own deadline
	OutcomeOverload Outcome = "overload" // 503
	OutcomeError    Outcome = "error"    // anything else that is no answer of the game
	OutcomeDropped  Outcome = "dropped"  // not sent: too many requests were waiting
)

// Figures sum up the requests of a time. Latencies are counted from when a request should have begun, so that a slow
// server can't hide behind requests that it kept from being sent. Requests without an answer count with the time
// that was waited for them.
type Figures struct {
	Seconds    float64           `json:"seconds"`
	Requests   int64             `json:"requests"`
	PerSecond  float64           `json:"requests_per_s"`
	OKPerS     float64           `json:"ok_per_s"`
	MeanMs     float64           `json:"mean_ms"`
	P50Ms      float64           `json:"p50_ms"`
	P99Ms      float64           `json:"p99_ms"`
	MaxMs      float64           `json:"max_ms"`
	Timeouts   int64             `json:"timeouts"`
	ByOutcome  map[Outcome]int64 `json:"by_outcome"`
	TimeoutPct float64           `json:"timeout_percent"`
}

// window is the requests that were due in one second.
type window struct {
	latency *hdrhistogram.Histogram
	counts  map[Outcome]int64
}

// The histogram's range in microseconds, and its precision: three digits are 0.1 %.
const (
	lowestMicros  = 1
	highestMicros = 120_000_000
	digits        = 3
)

func newWindow() *window {
	return &window{latency: hdrhistogram.New(lowestMicros, highestMicros, digits), counts: map[Outcome]int64{}}
}

// Recorder collects the outcomes of requests by the second in which they were due. It may be used by many goroutines.
type Recorder struct {
	begin time.Time

	mu      sync.Mutex
	windows []*window
}

// NewRecorder returns a recorder whose first second begins at begin.
func NewRecorder(begin time.Time) *Recorder { return &Recorder{begin: begin} }

// Record adds a request that was due at due and took latency.
func (r *Recorder) Record(due time.Time, latency time.Duration, outcome Outcome) {
	second := max(0, int(due.Sub(r.begin)/time.Second))
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.windows) <= second {
		r.windows = append(r.windows, newWindow())
	}
	w := r.windows[second]
	w.counts[outcome]++
	if outcome != OutcomeDropped {
		_ = w.latency.RecordValue(min(max(latency.Microseconds(), lowestMicros), highestMicros)) // clamped, so it can't fail
	}
}

// Between returns the figures of the requests that were due from one offset to another, in whole seconds since begin.
func (r *Recorder) Between(from, to time.Duration) Figures {
	first, last := int(from/time.Second), int(to/time.Second)
	sum := newWindow()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := max(0, first); i < min(last, len(r.windows)); i++ {
		sum.latency.Merge(r.windows[i].latency)
		for o, n := range r.windows[i].counts {
			sum.counts[o] += n
		}
	}
	return sum.figures(float64(max(1, last-first)))
}

func (w *window) figures(seconds float64) Figures {
	f := Figures{Seconds: seconds, ByOutcome: maps.Clone(w.counts), Timeouts: w.counts[OutcomeTimeout]}
	for _, n := range w.counts {
		f.Requests += n
	}
	ms := func(us float64) float64 { return us / 1000 }
	f.PerSecond = float64(f.Requests) / seconds
	f.OKPerS = float64(w.counts[OutcomeOK]) / seconds
	if f.Requests > 0 {
		f.TimeoutPct = 100 * float64(f.Timeouts) / float64(f.Requests)
	}
	if w.latency.TotalCount() > 0 {
		f.MeanMs = ms(w.latency.Mean())
		f.P50Ms = ms(float64(w.latency.ValueAtQuantile(50)))
		f.P99Ms = ms(float64(w.latency.ValueAtQuantile(99)))
		f.MaxMs = ms(float64(w.latency.Max()))
	}
	return f
}
