package simulation

import "math"

// Best searches the linger that asks for the fewest requests at this load inside the objective with its margin, in
// milliseconds, and says what it costs. It is +Inf if no linger holds.
func (p Plant) Best(t Tuned, load, limit float64) (linger int, requests float64) {
	requests = math.Inf(1)
	for ms := range 501 {
		t.Linger = float64(ms) / 1000
		truth, through := p.steady(t, load)
		if truth.P99 <= limit && through >= 0.999*load && truth.Timeouts == 0 && truth.Requests < requests {
			linger, requests = ms, truth.Requests
		}
	}
	return linger, requests
}
