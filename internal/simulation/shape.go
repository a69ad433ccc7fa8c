package simulation

import (
	"math"
	"time"
)

// Shape is a day: by what the load is multiplied at a time of it, and what befalls the broker.
type Shape struct {
	Name string
	Load func(at time.Duration) float64
	// Slow stretches the broker's time, Lost is how many brokers are gone; nil: nothing happens.
	Slow, Lost func(at time.Duration) float64
}

const day = 24 * time.Hour

// Shapes are the days that the gate tries.
func Shapes() []Shape {
	return []Shape{
		Quiet(),
		{Name: "step", Load: between(6*time.Hour, 14*time.Hour, 4)},
		{Name: "ramp", Load: func(at time.Duration) float64 { return 1 + 4*at.Hours()/24 }},
		{Name: "spike", Load: func(at time.Duration) float64 {
			if at%(4*time.Hour) >= 3*time.Hour+50*time.Minute {
				return 6
			}
			return 1
		}},
		{Name: "sawtooth", Load: func(at time.Duration) float64 { return 1 + 3*float64(at%(2*time.Hour))/float64(2*time.Hour) }},
		{Name: "diurnal", Load: diurnal},
		{Name: "slow broker", Load: even, Slow: between(8*time.Hour, 12*time.Hour, 12)},
		{Name: "broker loss", Load: even, Lost: func(at time.Duration) float64 { return between(9*time.Hour, 10*time.Hour, 2)(at) - 1 }},
		{Name: "mixed", Load: func(at time.Duration) float64 {
			return diurnal(at) * between(15*time.Hour, 15*time.Hour+20*time.Minute, 3)(at)
		}, Slow: between(19*time.Hour, 20*time.Hour, 8)},
	}
}

// Quiet is a day without events.
func Quiet() Shape { return Shape{Name: "quiet", Load: even} }

func even(time.Duration) float64 { return 1 }

func diurnal(at time.Duration) float64 { return 1.5 - math.Cos(2*math.Pi*at.Hours()/24) }

// between is high from begin to end, else 1.
func between(begin, end time.Duration, high float64) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		if at %= day; at >= begin && at < end {
			return high
		}
		return 1
	}
}
