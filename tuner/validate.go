package tuner

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/veltrix/veltrix/settings"
)

// Validate refuses a configuration that [Decide] can't keep to. It judges c with its defaults filled in, so that an
// unset limit is never an error. All complaints are joined; each is a sentence that names the field and the remedy.
func (c Config) Validate() error {
	d := c.WithDefaults()
	return errors.Join(
		d.validateNames(), d.validateObjectives(), d.validateDurations(), d.validateShares(), d.validateCounts(),
		d.validateSettings(),
	)
}

func (c Config) validateNames() error {
	var errs []error
	if c.App == "" {
		errs = append(errs, errors.New("app is empty: name the application whose document is tuned"))
	}
	if c.Mode != ModeOff && c.Mode != ModeShadow && c.Mode != ModeEnforce {
		errs = append(errs, fmt.Errorf("mode is %q: use off, shadow or enforce", c.Mode))
	}
	if c.Goal != "" && c.Goal != Minimize && c.Goal != Maximize {
		errs = append(errs, fmt.Errorf("goal is %q: use minimize or maximize, or leave it out", c.Goal))
	}
	if c.BlindMode != BlindHold && c.BlindMode != BlindRevert {
		errs = append(errs, fmt.Errorf("blind_mode is %q: use hold or revert", c.BlindMode))
	}
	return errors.Join(errs...)
}

func (c Config) validateObjectives() error {
	var errs []error
	if len(c.Objectives) == 0 {
		errs = append(errs, errors.New("objectives are empty: without one nothing says whether a change helped; declare at least one"))
	}
	seen := make(map[string]bool, len(c.Objectives))
	for i, o := range c.Objectives {
		if seen[o.Name] {
			errs = append(errs, fmt.Errorf("objective %q is declared twice: give each its own name", o.Name))
		}
		seen[o.Name] = true
		errs = append(errs, o.validate(i))
	}
	return errors.Join(errs...)
}

func (o Objective) validate(i int) error {
	switch {
	case o.Name == "":
		return fmt.Errorf("objective %d has no name: name it, because decisions speak of it", i+1)
	case (o.Max == nil) == (o.Min == nil):
		return fmt.Errorf("objective %q needs exactly one of max and min", o.Name)
	case o.Max != nil && !finite(*o.Max), o.Min != nil && !finite(*o.Min), !finite(o.Ceiling):
		return fmt.Errorf("objective %q has a limit that is not a finite number", o.Name)
	case o.Ceiling < 0:
		return fmt.Errorf("objective %q has ceiling %g: it is where readings are cut off; leave it out or make it positive", o.Name, o.Ceiling)
	case o.Ceiling > 0 && o.Max != nil && *o.Max >= o.Ceiling:
		return fmt.Errorf("objective %q allows at most %g, but readings are cut off at %g: lower max or raise the ceiling", o.Name, *o.Max, o.Ceiling)
	}
	return nil
}

func (c Config) validateDurations() error {
	var errs []error
	for _, d := range []struct {
		name             string
		value, low, high time.Duration
	}{
		{"interval", c.Interval, 100 * time.Millisecond, time.Hour},
		{"longest_range", c.LongestRange, 100 * time.Millisecond, 24 * time.Hour},
		{"ack_timeout", c.AckTimeout, time.Second, time.Hour},
		{"cooldown", c.Cooldown, time.Millisecond, 24 * time.Hour},
		{"stabilization", c.Stabilization, time.Millisecond, 24 * time.Hour},
		{"min_history", c.MinHistory, time.Millisecond, 30 * 24 * time.Hour},
		{"failed_for", c.FailedFor, time.Millisecond, longestFailed},
		{"foreign_for", c.ForeignFor, time.Millisecond, 30 * 24 * time.Hour},
	} {
		if d.value < d.low || d.value > d.high {
			errs = append(errs, fmt.Errorf("%s is %s: use a time from %s to %s", d.name, d.value, d.low, d.high))
		}
	}
	if c.AckTimeout < c.Interval {
		errs = append(errs, fmt.Errorf("ack_timeout %s is shorter than interval %s: no instance could answer before the next tick; raise it", c.AckTimeout, c.Interval))
	}
	return errors.Join(errs...)
}

func (c Config) validateShares() error {
	var errs []error
	for _, s := range []struct {
		name            string
		value, low, top float64
	}{
		{"dead_band", c.DeadBand, 0.001, 1},
		{"optimize_step", c.OptimizeStep, 0.01, 0.25},
		{"unhealthy_share", c.UnhealthyShare, 0.01, 1},
		{"load_shift", c.LoadShift, 0.01, 10},
		{"margin", c.Margin, 0.001, 0.9},
	} {
		if !(s.value >= s.low && s.value <= s.top) {
			errs = append(errs, fmt.Errorf("%s is %g: use a share from %g to %g", s.name, s.value, s.low, s.top))
		}
	}
	if c.DeadBand > c.OptimizeStep {
		errs = append(errs, fmt.Errorf("dead_band %g is wider than optimize_step %g: no relaxing step could ever be taken; lower it", c.DeadBand, c.OptimizeStep))
	}
	return errors.Join(errs...)
}

func (c Config) validateCounts() error {
	var errs []error
	for _, n := range []struct {
		name      string
		value     int
		low, high int
	}{
		{"changes_per_hour", c.ChangesPerHour, 1, maxChangesPerHour},
		{"reversals_per_hour", c.ReversalsPerHour, 1, maxChangesPerHour},
		{"blind_ticks", c.BlindTicks, 1, 1000},
	} {
		if n.value < n.low || n.value > n.high {
			errs = append(errs, fmt.Errorf("%s is %d: use a number from %d to %d", n.name, n.value, n.low, n.high))
		}
	}
	return errors.Join(errs...)
}

func (c Config) validateSettings() error {
	var errs []error
	for i, h := range c.NoOptimize {
		errs = append(errs, h.validate(i))
	}
	if err := c.Bounds.Check(); err != nil {
		errs = append(errs, fmt.Errorf("bounds: %w", err))
	} else if err := settings.Hard().Validate(c.Pins); err != nil {
		errs = append(errs, fmt.Errorf("pins: %w", err))
	} else if err := c.Bounds.Validate(c.Pins); err != nil {
		errs = append(errs, fmt.Errorf("pins outside the bounds: %w", err))
	}
	return errors.Join(errs...)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
