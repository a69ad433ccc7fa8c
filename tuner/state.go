package tuner

import (
	"time"

	"github.com/veltrix/veltrix/settings"
)

// StateVersion is the version of the encoded State.
const StateVersion = 1

// What the state keeps is bounded, whatever happens.
const (
	maxRecent         = lastLook // samples before a trial: ten minutes at the default interval
	maxReadings       = lastLook // samples of a settled trial
	maxMoves          = 512
	maxFailed         = 64
	maxLevels         = 24
	maxWishes         = 128
	maxChangesPerHour = 120
)

// State is everything that a tick leaves to the next one, whoever runs it. It is plain data with stable JSON; the zero
// State is a fresh start. The shell keeps it in etcd beside the document, in the same transaction.
type State struct {
	Version int `json:"version"`
	// Since is the first tick ever: the begin of the history.
	Since time.Time `json:"since,omitzero"`
	// LastTick is the time of the last tick; a clock that jumps back is noticed by it.
	LastTick time.Time `json:"last_tick,omitzero"`
	// Generation is the document's that this state belongs to; another one in etcd is a foreign write.
	Generation int64 `json:"generation,omitempty"`
	// Highest is the highest generation ever seen: the next document's is above it, also after a deletion.
	Highest int64 `json:"highest,omitempty"`
	// ForeignSince is when a foreign write was noticed; zero if the document is the loop's own.
	ForeignSince time.Time `json:"foreign_since,omitzero"`
	// BlindTicks counts blind ticks in a row.
	BlindTicks int `json:"blind_ticks,omitempty"`
	// HealthySince is since when every objective has held without a break; zero while one is broken.
	HealthySince time.Time `json:"healthy_since,omitzero"`
	// LoadLevel is the bucket of load of the last tick, see loadLevel.
	LoadLevel int `json:"load_level,omitempty"`
	// LevelSince is since when the load has been there. LevelAsked says that the memory of the level has been asked.
	LevelSince time.Time `json:"level_since,omitzero"`
	LevelAsked bool      `json:"level_asked,omitempty"`
	// LoadAnchor is the load at the last change of the loop's own, or at which the memory was last asked; 0 if there was none.
	LoadAnchor float64 `json:"load_anchor,omitempty"`
	// Levels is what held at which load, in the order of the levels.
	Levels []LevelMemory `json:"levels,omitempty"`
	// BrokenTicks counts the ticks with sight in a row that saw a broken objective.
	BrokenTicks int `json:"broken_ticks,omitempty"`
	// FleetPeak is the largest number of instances seen of late, and FleetPeakAt when: fewer have vanished.
	FleetPeak   int       `json:"fleet_peak,omitempty"`
	FleetPeakAt time.Time `json:"fleet_peak_at,omitzero"`
	// Trial is the change that is being watched, nil if there is none.
	Trial *Trial `json:"trial,omitempty"`
	// Recent are the readings of the last ticks, oldest first, bounded: the baseline of the next trial.
	Recent []Sample `json:"recent,omitempty"`
	// Moves are the changes of the last two hours, oldest first: cooldown, rate and reversals are counted from them.
	Moves []Move `json:"moves,omitempty"`
	// Failed are steps that were taken back, with their context.
	Failed []FailedStep `json:"failed,omitempty"`
	// Frozen are settings whose reversal budget is used up, until when.
	Frozen map[settings.Name]time.Time `json:"frozen,omitempty"`
	// Wishes are the values that relaxing and optimising rules asked for of late, in the order of setting and topic.
	Wishes []Wish `json:"wishes,omitempty"`
	// Rules are the states of the rules, by group and rule; the rules package owns their meaning.
	Rules map[string]RuleState `json:"rules,omitempty"`
}

// RuleState is where a rule stands. It lives here because it is kept in etcd together with the rest of the State.
type RuleState struct {
	// Phase is inactive, pending or firing.
	Phase string `json:"phase"`
	// Held is how long the condition has been true, blind time left out; it is compared with the rule's for.
	Held time.Duration `json:"held,omitempty"`
	// LastTrue is the last evaluation that was true: keep_firing_for counts from it.
	LastTrue time.Time `json:"last_true,omitzero"`
	// FiringSince and BlindSince are zero while the rule doesn't fire or is not blind.
	FiringSince time.Time `json:"firing_since,omitzero"`
	BlindSince  time.Time `json:"blind_since,omitzero"`
	// LastEval is the last evaluation, for the group's interval.
	LastEval time.Time `json:"last_eval,omitzero"`
	// Value is the last value; for people.
	Value float64 `json:"value,omitempty"`
}

// Trial is a change that is being watched.
type Trial struct {
	Decision string `json:"decision"`
	Rule     string `json:"rule,omitempty"`
	Group    string `json:"group,omitempty"`
	Class    Class  `json:"class"`
	// Back says that this is a take-back: it is watched until it is applied everywhere and has settled, so that
	// nothing acts on readings of the time before, but it is neither judged nor taken back itself.
	Back  bool   `json:"back,omitempty"`
	Steps []Step `json:"steps"`
	// Expected is the relative gain that an optimising trial is meant to bring at best.
	Expected float64 `json:"expected,omitempty"`
	// Former is the document before, restored exactly if the trial fails. Its zero value means that there was none.
	Former     settings.Document `json:"former,omitzero"`
	Generation int64             `json:"generation"`
	Applied    time.Time         `json:"applied"`
	// Acked is when the last live instance had acknowledged; zero until then.
	Acked time.Time `json:"acked,omitzero"`
	// Ticks counts the ticks with sight since Acked.
	Ticks int `json:"ticks,omitempty"`
	// Breaches counts the ticks in a row since Acked that saw a broken objective.
	Breaches int `json:"breaches,omitempty"`
	// Baseline are the readings before, Readings those since it settled; both bounded.
	Baseline []Sample `json:"baseline,omitempty"`
	Readings []Sample `json:"readings,omitempty"`
}

// Sample is the readings of one tick.
type Sample struct {
	Time       time.Time          `json:"time"`
	Load       float64            `json:"load"`
	Objectives map[string]float64 `json:"objectives"`
	// Goal is the goal's reading for each unit of load; nil if there was none.
	Goal *float64 `json:"goal,omitempty"`
}

// Move is one change of one setting.
type Move struct {
	Setting   settings.Name      `json:"setting"`
	Topic     string             `json:"topic,omitempty"`
	Direction settings.Direction `json:"direction"`
	Time      time.Time          `json:"time"`
	// Back says that the move took a trial back.
	Back bool `json:"back,omitempty"`
}

// FailedStep is a step that was taken back.
type FailedStep struct {
	Setting   settings.Name      `json:"setting"`
	Topic     string             `json:"topic,omitempty"`
	Direction settings.Direction `json:"direction"`
	// LoadLevel is the bucket of load in which it failed.
	LoadLevel int       `json:"load_level"`
	Times     int       `json:"times"`
	Until     time.Time `json:"until"`
	// Judged says that readings spoke against it, not an instance that refused it or didn't answer.
	Judged bool `json:"judged,omitempty"`
}

// Wish is what relax rules asked for one setting: the safest value of the present window and that of the one before,
// which together cover at least one stabilisation window.
type Wish struct {
	Setting settings.Name `json:"setting"`
	Topic   string        `json:"topic,omitempty"`
	// Absolute says that the value doesn't depend on the setting's present one, so that it outlives a move.
	Absolute bool           `json:"absolute,omitempty"`
	Safest   settings.Value `json:"safest"`
	// Since is the begin of the present window.
	Since time.Time `json:"since"`
	// Former is unset while there is no window before.
	Former settings.Value `json:"former,omitzero"`
	// Seen is the last tick that wished.
	Seen time.Time `json:"seen"`
}

// LevelMemory is the newest tuned values with which every objective held at one level of load, for at least one
// stabilisation window.
type LevelMemory struct {
	Level    int                        `json:"level"`
	Settings settings.Values            `json:"settings"`
	Topics   map[string]settings.Values `json:"topics,omitempty"`
	// Times counts the visits to the level in which they held, Visit is when the last one began.
	Times int       `json:"times"`
	Visit time.Time `json:"visit"`
	// Seen is when they last held.
	Seen time.Time `json:"seen"`
	// Goal is the goal's reading for each unit of load while they held, smoothed; nil if there was none.
	Goal *float64 `json:"goal,omitempty"`
}
