package lab

import (
	"math"
	"slices"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Promise is what the arms are scored by, second by second.
type Promise struct {
	P99Ms      float64 `json:"p99_ms"`
	TimeoutPct float64 `json:"timeout_percent"`
}

// keeps says whether a second keeps the promise: its requests were answered, and in time.
func (p Promise) keeps(s Second) bool {
	return s.Requests > 0 && s.P99Ms <= p.P99Ms && s.TimeoutPct <= p.TimeoutPct && s.failures() == 0
}

// calmAfter is how many seconds in a row the promise must be kept for a phase to count as healed.
const calmAfter = 5

// PhaseScore is one phase of one arm. Of several rounds it is their mean.
type PhaseScore struct {
	Name       string  `json:"name"`
	Throughput float64 `json:"throughput_per_s"` // answers of the game
	MeanMs     float64 `json:"mean_ms"`
	P50Ms      float64 `json:"p50_ms"`
	P99Ms      float64 `json:"p99_ms"`
	Timeouts   float64 `json:"timeouts"`
	Errors     float64 `json:"errors"`
	Requests   float64 `json:"broker_requests_per_s"` // produce and fetch
	BrokerCPU  float64 `json:"broker_cpu_s"`
	// ToObjective is when the promise is kept from, for calmAfter seconds or to the end of the phase; null: never.
	ToObjective *float64 `json:"seconds_to_objective"`
	Changes     float64  `json:"changes"`
	Reversals   float64  `json:"reversals"`
	// Out are the seconds in which the promise was not kept.
	Out float64 `json:"seconds_out_of_objective"`
	// Cost and CPUCost are requests and CPU seconds for 1000 answers in the second half of the phase, in the seconds in
	// which the promise was kept; null if there was none.
	Cost    *float64 `json:"requests_per_1000_answers"`
	CPUCost *float64 `json:"cpu_s_per_1000_answers"`
	// Half95 is half the width of the 95 % confidence interval of each figure above, by its name; with two rounds or more.
	Half95 map[string]float64 `json:"half_width_95,omitempty"`
}

// score returns the figures of every phase of a run.
func score(r Result, p Promise) []PhaseScore {
	var scores []PhaseScore
	from := 0
	for i, phase := range r.Phases {
		to := min(from+int(phase.Duration/time.Second), len(r.Seconds))
		s := scorePhase(phase, r.Seconds[min(from, to):to], p)
		s.P50Ms, s.P99Ms = r.Whole[i].P50Ms, r.Whole[i].P99Ms
		s.Changes, s.Reversals = changes(r, time.Duration(from)*time.Second, phase.Duration)
		scores = append(scores, s)
		from = to
	}
	return scores
}

func scorePhase(phase Phase, seconds []Second, p Promise) PhaseScore {
	s := PhaseScore{Name: phase.Name}
	var sent, latency, late, answers, requests, cpu float64
	for i, second := range seconds {
		sent += float64(second.Requests)
		latency += float64(second.Requests) * second.MeanMs
		s.Throughput += second.OKPerS
		s.Timeouts += float64(second.Timeouts)
		s.Errors += float64(second.failures())
		s.Requests += float64(second.ProduceRequests + second.FetchRequests)
		s.BrokerCPU += second.BrokerCPU
		if !p.keeps(second) {
			s.Out++
			continue
		}
		if i >= len(seconds)/2 {
			late++
			answers += second.OKPerS
			requests += float64(second.ProduceRequests + second.FetchRequests)
			cpu += second.BrokerCPU
		}
	}
	n := float64(max(1, len(seconds)))
	s.Throughput, s.Requests, s.MeanMs = s.Throughput/n, s.Requests/n, latency/max(1, sent)
	if late > 0 {
		cost, cpuCost := 1000*requests/max(1, answers), 1000*cpu/max(1, answers)
		s.Cost, s.CPUCost = &cost, &cpuCost
	}
	s.ToObjective = toObjective(seconds, p)
	return s
}

// toObjective returns the first second from which the promise is kept; nil if never.
func toObjective(seconds []Second, p Promise) *float64 {
	for i := range seconds {
		rest := seconds[i:min(i+calmAfter, len(seconds))]
		if !slices.ContainsFunc(rest, func(s Second) bool { return !p.keeps(s) }) {
			at := float64(i)
			return &at
		}
	}
	return nil
}

// changes counts the documents that were written in a time, and how often a setting turned around in it.
func changes(r Result, from, length time.Duration) (written, reversals float64) {
	last := map[settings.Name]int{}
	for _, d := range r.Decisions {
		at := d.Time.Sub(r.Begin)
		if at < from || at >= from+length {
			continue
		}
		written++
		for _, step := range d.Steps {
			way := direction(step)
			if before, moved := last[step.Setting]; moved && before != way {
				reversals++
			}
			last[step.Setting] = way
		}
	}
	return written, reversals
}

func direction(s tuner.Step) int {
	switch from, to := number(s.Setting, s.From), number(s.Setting, s.To); {
	case to > from:
		return 1
	case to < from:
		return -1
	}
	return 0
}

// number is a value's, or its default's where it is not set; 0 for a word.
func number(name settings.Name, v settings.Value) float64 {
	row, ok := settings.Lookup(name)
	if !ok || row.Kind == settings.Enum {
		return math.NaN()
	}
	if !v.IsSet() {
		v = row.Default
	}
	return float64(v.Int())
}
