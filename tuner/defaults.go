package tuner

import "time"

// WithDefaults returns c with the default in place of every zero limit. It never replaces a value that is set, even
// one that [Config.Validate] refuses.
func (c Config) WithDefaults() Config {
	fill(&c.Mode, ModeShadow)
	fill(&c.Interval, 5*time.Second)
	fill(&c.LongestRange, time.Minute)
	fill(&c.AckTimeout, time.Minute)
	fill(&c.Cooldown, 30*time.Second)
	fill(&c.Stabilization, 5*time.Minute)
	fill(&c.MinHistory, 10*time.Minute)
	fill(&c.DeadBand, 0.10)
	fill(&c.OptimizeStep, 0.25)
	fill(&c.ChangesPerHour, 30)
	fill(&c.ReversalsPerHour, 2)
	fill(&c.FailedFor, 10*time.Minute)
	fill(&c.ForeignFor, time.Hour)
	fill(&c.UnhealthyShare, 0.4)
	fill(&c.BlindTicks, 3)
	fill(&c.BlindMode, BlindHold)
	fill(&c.LoadShift, 0.25)
	fill(&c.Margin, 0.20)
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
