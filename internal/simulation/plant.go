package simulation

import "math"

// Plant is a topic's producers and the broker behind it. Times are in seconds.
type Plant struct {
	Partitions  float64
	RecordBytes float64
	// RoundTrip is what a request takes without the broker's work.
	RoundTrip float64
	// PerRequest and PerByte are the broker's time for a request and for each byte in it.
	PerRequest, PerByte float64
	// Brokers share the partitions evenly; Lost of them answer nobody, and the others serve their partitions too.
	Brokers, Lost float64
	// Slow stretches the broker's time; 1 is normal.
	Slow float64
	// Tail is by how many request times the slowest percent is later than the mean one.
	Tail float64

	// backlog is the number of records that wait beyond the batches that are being made.
	backlog float64
}

// Tuned is what the tuner may change.
type Tuned struct {
	Linger         float64 // seconds
	BatchBytes     float64
	RequestTimeout float64 // seconds
}

// Truth is what an observer without noise would see.
type Truth struct {
	P99        float64 // of a record's latency, seconds
	QueueP99   float64 // of its wait before the request, seconds
	QueueMean  float64
	Request    float64 // mean request time, seconds
	RequestP99 float64
	Requests   float64 // a second
	Busy       float64 // share of time with a request in flight, per partition
	Timeouts   float64 // share of records that end by their delivery timeout
}

const (
	// deliveryTimeout is where latency is cut off.
	deliveryTimeout = 10.0
	// roundsOfAnalysis are enough for the request time to settle within a thousandth.
	roundsOfAnalysis = 40
)

// Advance lets dt seconds pass at load records a second and returns what was true meanwhile.
func (p *Plant) Advance(t Tuned, load, dt float64) Truth {
	truth, through := p.steady(t, load)
	p.backlog = max(0, p.backlog+(load-through)*dt)
	// A full buffer turns records away: nothing waits for longer than the delivery timeout.
	p.backlog = min(p.backlog, load*deliveryTimeout)
	if p.backlog > 0 {
		wait := p.backlog / max(through, 1e-9)
		truth.P99 += wait
		truth.QueueP99 += wait
		truth.QueueMean += wait
		if wait >= 0.9*deliveryTimeout {
			truth.Timeouts = max(truth.Timeouts, 1-through/load)
		}
	}
	truth.P99 = min(truth.P99, deliveryTimeout)
	return truth
}

// steady solves the cycle of a partition: the first record comes, linger passes, the request is served.
func (p *Plant) steady(t Tuned, load float64) (Truth, float64) {
	each := max(load/p.Partitions, 1e-9)
	customers := p.Partitions / max(1, p.Brokers-p.Lost)
	most := max(1, t.BatchBytes/p.RecordBytes)
	request := p.RoundTrip + p.PerRequest
	var records, cycle, linger float64
	for range roundsOfAnalysis {
		linger = min(t.Linger, most/each) // a full batch leaves before linger is over
		cycle = 1/each + linger + request
		records = min(max(1, each*cycle), most)
		service := p.Slow * (p.PerRequest + records*p.RecordBytes*p.PerByte)
		// Schweitzer: who arrives finds the others' share of the queue.
		atBroker := min(1, (request-p.RoundTrip)/cycle) * (customers - 1)
		request = 0.5*request + 0.5*(p.RoundTrip+service*(1+atBroker))
	}
	if p.Brokers-p.Lost < 1 {
		request = deliveryTimeout
	}
	return p.truth(t, load, request, linger, cycle, records)
}

func (p *Plant) truth(t Tuned, load, request, linger, cycle, records float64) (Truth, float64) {
	busy := min(1, request/cycle)
	slowest := request * (1 + p.Tail*(0.3+busy))
	through := p.Partitions / cycle * records
	if records >= t.BatchBytes/p.RecordBytes {
		through = p.Partitions / request * records
	}
	timeouts := 0.0
	if slowest > t.RequestTimeout {
		// What is given up is sent again, while the broker still works on the first one.
		timeouts = clamp01((slowest - t.RequestTimeout) / slowest)
		through *= 1 - 0.5*timeouts
	}
	behind := busy * request
	return Truth{
		P99: linger + behind + slowest, QueueP99: linger + 2*behind, QueueMean: 0.5*linger + 0.5*busy*request,
		Request: request, RequestP99: slowest, Requests: min(load, through) / records, Busy: busy, Timeouts: timeouts,
	}, max(through, math.SmallestNonzeroFloat64)
}

func clamp01(x float64) float64 { return min(max(x, 0), 1) }
