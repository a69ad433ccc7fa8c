package tuner

import (
	"time"

	"github.com/veltrix/veltrix/settings"
)

// Class is a rule's authority, strongest first: interlock, protect, relax, optimize.
type Class string

// The classes of a rule.
const (
	ClassInterlock Class = "interlock"
	ClassProtect   Class = "protect"
	ClassRelax     Class = "relax"
	ClassOptimize  Class = "optimize"
)

// ClassRecall is the class of a trial that returns to remembered settings. No rule has it.
const ClassRecall Class = "recall"

// Mode says how far a decision goes: off, shadow (decided, not written) or enforce.
type Mode string

// The modes, weakest first.
const (
	ModeOff     Mode = "off"
	ModeShadow  Mode = "shadow"
	ModeEnforce Mode = "enforce"
)

// Op is what an action does with a setting's value.
type Op string

// The operations of an action.
const (
	OpTo       Op = "to"       // the value itself
	OpAdd      Op = "add"      // value + operand
	OpMultiply Op = "multiply" // value × operand
	OpTarget   Op = "target"   // the value that an expression gives; Operand is that value
	OpRatio    Op = "ratio"    // value × (expression ÷ target); Operand is that quotient
)

// Action is one step that a rule asks for, with its expression, if any, already evaluated.
type Action struct {
	Set settings.Name `json:"set"`
	// Topic limits the step to one topic; empty is the whole application.
	Topic string `json:"topic,omitempty"`
	Op    Op     `json:"op"`
	// Operand is the operand of a numeric step, in the setting's unit for to, add and target.
	Operand float64 `json:"operand,omitempty"`
	// Word is the operand of "to" for an enum.
	Word string `json:"word,omitempty"`
	// Bound is the action's own min and max, or the words that it allows.
	Bound settings.Bound `json:"bound"`
	// Blind says that the expression of target or ratio has no usable value: the action can't be taken now.
	Blind bool `json:"blind,omitempty"`
}

// Signal is one rule that fires. Rules that don't fire send none.
type Signal struct {
	// Rule is the rule's name and Group its file and group, together unique.
	Rule  string `json:"rule"`
	Group string `json:"group"`
	Class Class  `json:"class"`
	// Priority settles conflicts between rules of one class; the larger wins.
	Priority int `json:"priority,omitempty"`
	// Mode is the rule's own; the weaker of it and the configuration's counts.
	Mode Mode `json:"mode"`
	// Value is what the rule's expression gave; for explanation only.
	Value float64 `json:"value"`
	// Blocked names the guard that forbids the actions now, with the reason. Empty if none does.
	Blocked string `json:"blocked,omitempty"`
	// Revert asks to return to the former document: the rule is blind and declares on_missing: revert.
	Revert  bool     `json:"revert,omitempty"`
	Actions []Action `json:"actions,omitempty"`
}

// Reading is the value of one query at one time.
type Reading struct {
	Value float64 `json:"value"`
	// OK is false if there is no usable value: no data, NaN, Inf, several series, an error, a sample that is too old.
	OK bool `json:"ok"`
	// Why says what is wrong if OK is false.
	Why string `json:"why,omitempty"`
}

// Hold is an operator's order to leave settings alone.
type Hold struct {
	Who   string    `json:"who"`
	Why   string    `json:"why"`
	Since time.Time `json:"since"`
	// Until is when the hold ends by itself; zero for never.
	Until time.Time `json:"until,omitzero"`
	// Settings are the names held; empty for all.
	Settings []settings.Name `json:"settings,omitempty"`
}

// Input is everything that Decide may look at beside its own state.
type Input struct {
	// Now is the time of the tick.
	Now time.Time `json:"now"`
	// Signals are the rules that fire, in any order.
	Signals []Signal `json:"signals,omitempty"`
	// Objectives are the readings by the objective's name. An objective without one is blind.
	Objectives map[string]Reading `json:"objectives,omitempty"`
	// Load is the reading of the load expression.
	Load Reading `json:"load"`
	// Goal is the reading of what is minimised or maximised, the cost; unused without Config.Goal.
	Goal Reading `json:"goal,omitzero"`
	// Fleet are the instances that are alive, in any order.
	Fleet []settings.Report `json:"fleet,omitempty"`
	// Document is what etcd holds; the zero Document if there is none.
	Document settings.Document `json:"document,omitzero"`
	// DocumentError says that what etcd holds can't be read; nothing is decided then.
	DocumentError string `json:"document_error,omitempty"`
	// Hold is the operator's hold, nil if there is none.
	Hold *Hold `json:"hold,omitempty"`
	// DecisionID is the identifier that the decision gets, a ULID made by the shell.
	DecisionID string `json:"decision_id"`
}
