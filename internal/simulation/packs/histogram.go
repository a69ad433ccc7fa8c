package packs

import "math"

// latencyBuckets are those of the live client, in seconds.
func latencyBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .15, .25, .5, 1, 2.5, 5, 10, 30}
}

// sizeBuckets are those of the live client, in bytes.
func sizeBuckets() []float64 {
	buckets := make([]float64, 9)
	for i := range buckets {
		buckets[i] = 256 * math.Pow(4, float64(i))
	}
	return buckets
}

// histogram counts as Prometheus's classic ones do. Observations may be fractions.
type histogram struct {
	bounds     []float64
	counts     []float64 // up to each bound
	sum, count float64
}

func newHistogram(bounds []float64) *histogram {
	return &histogram{bounds: bounds, counts: make([]float64, len(bounds))}
}

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// observe adds n observations from the lognormal distribution with this mean and 99th percentile. A percentile that is too
// near to the mean, or too far from it, for such a distribution gives the nearest there is.
func (h *histogram) observe(n, mean, p99 float64) {
	if n <= 0 || mean <= 0 {
		return
	}
	// ln(p99 ÷ mean) = z99 σ − σ²/2
	ratio := min(max(math.Log(p99/mean), 0), z99*z99/2)
	sigma := max(z99-math.Sqrt(z99*z99-2*ratio), 1e-6)
	mu := math.Log(mean) - sigma*sigma/2
	for i, bound := range h.bounds {
		h.counts[i] += n * 0.5 * (1 + math.Erf((math.Log(bound)-mu)/(sigma*math.Sqrt2)))
	}
	h.sum += n * mean
	h.count += n
}
