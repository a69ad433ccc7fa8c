package bench

import (
	"fmt"
	"time"
)

// Mode is how records are offered.
type Mode string

const (
	// Closed keeps a number of callers busy: each waits for its record's acknowledgement, then offers the next.
	Closed Mode = "closed"
	// Open offers records at a rate whatever becomes of them, each from a caller that waits for its acknowledgement.
	Open Mode = "open"
	// Async offers records without waiting, as fast as the client takes them.
	Async Mode = "async"
	// Full reads a full topic from its beginning.
	Full Mode = "full"
	// Trickle reads records that come at a low rate, each as soon as it is there.
	Trickle Mode = "trickle"
)

// Scenario is one row of the comparison.
type Scenario struct {
	Mode Mode
	// Partitions is the number of partitions of the topic.
	Partitions int
	// Callers is the number of callers of a closed loop.
	Callers int
	// Rate is the number of records a second of an open loop or a trickle.
	Rate float64
}

// String names the scenario for people, and in a topic's name.
func (s Scenario) String() string {
	switch s.Mode {
	case Closed:
		return fmt.Sprintf("closed-%d-callers-%d-partitions", s.Callers, s.Partitions)
	case Open, Trickle:
		return fmt.Sprintf("%s-%.0f-per-s-%d-partitions", s.Mode, s.Rate, s.Partitions)
	case Async, Full:
	}
	return fmt.Sprintf("%s-%d-partitions", s.Mode, s.Partitions)
}

// Params are the settings that a client may choose between. Zero values mean the client's own default.
type Params struct {
	// Linger is how long a record may wait for others.
	Linger *time.Duration
	// Batch is the size at which a batch is full: bytes, but records for kafka-go's Writer.
	Batch int
}

// String lists what differs from the client's defaults.
func (p Params) String() string {
	switch {
	case p.Linger == nil && p.Batch == 0:
		return "as it comes"
	case p.Batch == 0:
		return fmt.Sprintf("linger=%v", *p.Linger)
	case p.Linger == nil:
		return fmt.Sprintf("batch=%d", p.Batch)
	}
	return fmt.Sprintf("linger=%v batch=%d", *p.Linger, p.Batch)
}

// grid returns every combination; a batch of 0 stands for the default.
func grid(lingers []time.Duration, batches ...int) []Params {
	var all []Params
	for _, l := range lingers {
		for _, b := range batches {
			all = append(all, Params{Linger: &l, Batch: b})
		}
	}
	return all
}
