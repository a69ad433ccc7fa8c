package rules

import (
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// File is a parsed rule file.
type File struct {
	// Name is the file's path, or "pack:NAME".
	Name   string
	Groups []Group

	text *text
}

// Group is rules that are evaluated together, in order.
type Group struct {
	Name string
	// Interval is the time between evaluations; 0 means each tick.
	Interval time.Duration
	// QueryOffset moves the time of the group's queries into the past; 0 means the caller's.
	QueryOffset time.Duration
	// Limit is the greatest number of firing rules; 0 means no limit. It is kept for Prometheus.
	Limit  int
	Labels map[string]string
	Rules  []Rule

	node *yaml.Node
}

// Rule is one rule: an alert of Prometheus's, and what to do while it fires.
type Rule struct {
	// Alert is the rule's name. Record is set instead in a recording rule, which is checked but not evaluated here:
	// give it to Prometheus.
	Alert, Record string
	// Expr is the condition, and ClearExpr, if there is one, what ends it (hysteresis).
	Expr, ClearExpr parser.Expr
	// For is how long the condition must have been true; KeepFiringFor how long it fires on after it last was.
	For, KeepFiringFor  time.Duration
	Labels, Annotations map[string]string

	// Class is the rule's authority. Empty: a plain alert, evaluated and shown, without a say in tuning.
	Class tuner.Class
	// Priority settles conflicts within a class; the larger wins.
	Priority int
	// Mode is off, shadow or enforce; shadow where the file says nothing: nothing acts that was not told to.
	Mode tuner.Mode
	// OnMissing says what missing data mean for the rule; hold where the file says nothing.
	OnMissing OnMissing
	Guards    []Guard
	Actions   []Action
	// Unscoped says that the rule looks outside the application (scope: none): the selector is not added to its expressions.
	Unscoped bool

	// Line is where the rule begins in its file, from 1.
	Line int

	node *yaml.Node
}

// Tunes says whether the rule has a say in tuning. One without is a plain alert or a recording rule.
func (r *Rule) Tunes() bool { return r.Class != "" }

// Name returns the alert's or the record's name.
func (r *Rule) Name() string {
	if r.Alert != "" {
		return r.Alert
	}
	return r.Record
}

// OnMissing says what becomes of a firing rule whose data are missing.
type OnMissing string

// The ways to treat missing data.
const (
	// MissingHold keeps the rule's phase and takes no action.
	MissingHold OnMissing = "hold"
	// MissingClear treats missing data as false, as Prometheus does.
	MissingClear OnMissing = "clear"
	// MissingRevert keeps the phase and, once data are missing twice in a row, asks for the rule's change to be taken back.
	MissingRevert OnMissing = "revert"
)

// Guard is a condition that must be true, with data, for the rule's actions to be taken.
type Guard struct {
	Name string
	Expr parser.Expr
	// Unscoped says that the guard looks outside the application.
	Unscoped bool
}

// Action is one step that a rule asks for, before its expression is evaluated.
type Action struct {
	Set   settings.Name
	Topic string
	Op    tuner.Op
	// Operand is the operand of add and multiply, and of to where it is a number.
	Operand float64
	// Word is the operand of to for an enum.
	Word string
	// Expr is the expression of target and ratio, and Target what a ratio divides by.
	Expr   parser.Expr
	Target float64
	Bound  settings.Bound
	// Line is where the action begins.
	Line int

	node *yaml.Node
}
