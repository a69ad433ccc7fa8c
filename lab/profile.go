package lab

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Phase is a time with one rate of traffic.
type Phase struct {
	Name string `json:"name"`
	// Duration is how long it lasts.
	Duration time.Duration `json:"duration"`
	// Rate is the requests begun per second, whatever becomes of the earlier ones.
	Rate float64 `json:"rate"`
	// Fault befalls the broker for the phase; empty: none.
	Fault Fault `json:"fault,omitempty"`
}

// Fault is what befalls the broker.
type Fault string

// The faults.
const (
	// FaultSlow makes every produce request cost the broker more time, one request after the other.
	FaultSlow Fault = "slow"
	// FaultRestart stops the broker as the phase begins, and starts it again.
	FaultRestart Fault = "restart"
)

// maxRate is more than one process can ask for on a small machine; a larger number is a typing mistake.
const maxRate = 1e6

// ParseProfile reads phases written as "calm:30s@200,spike:60s@1000": a name, a duration and requests per second each. A
// fault of the broker follows a slash: "slow:40s@200/slow", "restart:30s@200/restart".
func ParseProfile(s string) ([]Phase, error) {
	var phases []Phase
	for part := range strings.SplitSeq(s, ",") {
		p, err := parsePhase(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("profile %q: %w; write NAME:DURATION@RATE or NAME:DURATION@RATE/FAULT, for example calm:30s@200", s, err)
		}
		phases = append(phases, p)
	}
	return phases, nil
}

func parsePhase(s string) (Phase, error) {
	name, rest, ok := strings.Cut(s, ":")
	if !ok || name == "" {
		return Phase{}, fmt.Errorf("phase %q has no name", s)
	}
	length, rate, ok := strings.Cut(rest, "@")
	if !ok {
		return Phase{}, fmt.Errorf("phase %q has no rate", s)
	}
	rate, fault, faulty := strings.Cut(rate, "/")
	if faulty && Fault(fault) != FaultSlow && Fault(fault) != FaultRestart {
		return Phase{}, fmt.Errorf("phase %q has the fault %q; there are %s and %s", s, fault, FaultSlow, FaultRestart)
	}
	d, err := time.ParseDuration(length)
	if err != nil || d <= 0 {
		return Phase{}, fmt.Errorf("phase %q lasts %q, which is no duration above 0", s, length)
	}
	r, err := strconv.ParseFloat(rate, 64)
	if err != nil || !(r > 0 && r <= maxRate) {
		return Phase{}, fmt.Errorf("phase %q has the rate %q, which is no number above 0 and up to %g", s, rate, maxRate)
	}
	return Phase{Name: name, Duration: d, Rate: r, Fault: Fault(fault)}, nil
}

// total returns how long all phases last together.
func total(phases []Phase) time.Duration {
	var sum time.Duration
	for _, p := range phases {
		sum += p.Duration
	}
	return sum
}
