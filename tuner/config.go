package tuner

import (
	"time"

	"github.com/veltrix/veltrix/settings"
)

// Objective is one promise: the reading stays at most Max, or at least Min where Min is set.
type Objective struct {
	Name string   `json:"name"`
	Max  *float64 `json:"max,omitempty"`
	Min  *float64 `json:"min,omitempty"`
	// Ceiling is where the reading is censored: a latency can't be read above its timeout or its highest bucket.
	// A reading at or above it is broken, never steady. 0: none.
	Ceiling float64 `json:"ceiling,omitempty"`
}

// Goal is what optimising does with the goal's reading, inside the objectives.
type Goal string

// The goals; without one nothing is optimised.
const (
	Minimize Goal = "minimize"
	Maximize Goal = "maximize"
)

// The values of Config.BlindMode.
const (
	BlindHold   = "hold"
	BlindRevert = "revert"
)

// Config is what an operator configures. The zero value of a limit means its default, given beside each field;
// [Config.WithDefaults] fills them in and [Config.Validate] refuses nonsense.
type Config struct {
	App  string `json:"app"`
	Mode Mode   `json:"mode"` // the ceiling; a rule's own mode can only be weaker. Default shadow.

	Objectives []Objective `json:"objectives"`
	// Goal says which way Input.Goal should go while every objective holds. Default none: nothing is optimised.
	Goal Goal `json:"goal,omitempty"`
	// NoOptimize are hours in which nothing is optimised; protecting, recalling and relaxing go on.
	NoOptimize []Hours         `json:"no_optimize,omitempty"`
	Bounds     settings.Bounds `json:"bounds,omitempty"`
	// Pins are settings that the loop never moves, with the value that the operator wants them to have.
	Pins settings.Values `json:"pins,omitempty"`

	// Interval is the time between ticks; 5 s.
	Interval time.Duration `json:"interval,omitempty"`
	// LongestRange is the longest range of the objectives' and rules' expressions: how long readings still contain
	// the time before a change; 60 s.
	LongestRange time.Duration `json:"longest_range,omitempty"`
	// AckTimeout is how long a trial waits for every live instance; 60 s.
	AckTimeout time.Duration `json:"ack_timeout,omitempty"`
	// Cooldown is the least time between two changes of one setting; 30 s. Protect steps wait for settling instead.
	Cooldown time.Duration `json:"cooldown,omitempty"`
	// Stabilization is how long objectives must hold before anything is relaxed; 300 s.
	Stabilization time.Duration `json:"stabilization,omitempty"`
	// MinHistory is how much history relaxing needs at least; 10 min.
	MinHistory time.Duration `json:"min_history,omitempty"`
	// DeadBand is the least relative change worth making; 0.10.
	DeadBand float64 `json:"dead_band,omitempty"`
	// OptimizeStep is the largest relative step of relaxing and optimising; 0.25.
	OptimizeStep float64 `json:"optimize_step,omitempty"`
	// ChangesPerHour limits the changes of all settings together, a third of them kept for protecting; 30. Take-backs
	// are not counted.
	ChangesPerHour int `json:"changes_per_hour,omitempty"`
	// ReversalsPerHour is a setting's reversal budget; 2. Protecting may use all of it, and freezes the setting for an hour
	// by asking for 1 more. A recall leaves 1 to it, relaxing and optimising leave 2.
	ReversalsPerHour int `json:"reversals_per_hour,omitempty"`
	// FailedFor is how long a step that was taken back is not repeated in its context, doubling each time; 10 min. Where
	// readings spoke against the step it also waits until it and its take-back fit ReversalsPerHour: with 2, for an hour.
	FailedFor time.Duration `json:"failed_for,omitempty"`
	// ForeignFor is how long a document that somebody else wrote is left alone; 1 h.
	ForeignFor time.Duration `json:"foreign_for,omitempty"`
	// UnhealthyShare is the share of instances that refuse or have vanished above which tuning stops; 0.4.
	UnhealthyShare float64 `json:"unhealthy_share,omitempty"`
	// BlindTicks is the number of blind ticks after which BlindMode counts; 3.
	BlindTicks int `json:"blind_ticks,omitempty"`
	// BlindMode is [BlindHold] (default) or [BlindRevert]: take back the running trial.
	BlindMode string `json:"blind_mode,omitempty"`
	// LoadShift is the relative change of load that makes a comparison unclear; 0.25.
	LoadShift float64 `json:"load_shift,omitempty"`
	// Margin is how far inside its limit every objective must be before anything is relaxed, relative to the limit;
	// 0.20, because a reading that follows a step of 0.25 in full still stays inside then: 0.80 × 1.25 = 1.
	Margin float64 `json:"margin,omitempty"`
}
