package tuner

// Reason is the one word that says why a decision is what it is. The same word stands in the log, the metric, the
// journal, the command line and the page.
type Reason string

// Reasons to change nothing.
const (
	// Off: the loop's mode is off.
	Off Reason = "Off"
	// Steady: every objective holds and no rule asks for anything.
	Steady Reason = "Steady"
	// ClockBack: the clock jumped back since the last tick; this one only mends the windows.
	ClockBack Reason = "ClockBack"
	// DocumentUnreadable: what etcd holds can't be read; nobody knows what a change would replace.
	DocumentUnreadable Reason = "DocumentUnreadable"
	// Blind: an objective or the load has no usable reading.
	Blind Reason = "Blind"
	// Interlocked: an interlock rule fires; tuning is stopped.
	Interlocked Reason = "Interlocked"
	// FleetUnhealthy: too large a share of the instances refuses documents or has vanished.
	FleetUnhealthy Reason = "FleetUnhealthy"
	// NoInstances: no instance is there that could apply a change.
	NoInstances Reason = "NoInstances"
	// Held: an operator holds all settings, or the one that was asked for.
	Held Reason = "Held"
	// Pinned: the configuration pins the setting.
	Pinned Reason = "Pinned"
	// ForeignWrite: somebody else wrote the document lately; it is respected.
	ForeignWrite Reason = "ForeignWrite"
	// AwaitingAck: a trial waits for instances to apply it.
	AwaitingAck Reason = "AwaitingAck"
	// Settling: a trial is applied everywhere; readings still contain the time before it.
	Settling Reason = "Settling"
	// Judging: a trial has settled; there are too few readings for a judgement.
	Judging Reason = "Judging"
	// Kept: the trial helped, or did no harm where none was expected; it stays.
	Kept Reason = "Kept"
	// NoActionLeft: an objective is broken and no rule offers a step that is allowed.
	NoActionLeft Reason = "NoActionLeft"
	// Stabilizing: relaxing waits until the objectives have held for the stabilisation window.
	Stabilizing Reason = "Stabilizing"
	// NoMargin: relaxing waits until the objectives hold with a margin.
	NoMargin Reason = "NoMargin"
	// ColdStart: relaxing waits until there is enough history.
	ColdStart Reason = "ColdStart"
	// InDeadBand: the step is smaller than the dead band.
	InDeadBand Reason = "InDeadBand"
	// InCooldown: the setting moved too recently; for a careful step that would turn it around, within the hour.
	InCooldown Reason = "InCooldown"
	// AtBound: the setting is at its bound already.
	AtBound Reason = "AtBound"
	// OutOfReach: the value is outside its bounds, and no single step leads back inside.
	OutOfReach Reason = "OutOfReach"
	// Unusable: the action names an unknown setting, or its operand or the setting's present value is not known.
	Unusable Reason = "Unusable"
	// Guarded: a guard of the rule forbids its actions now.
	Guarded Reason = "Guarded"
	// NotNeeded: a protect rule fires while every objective holds.
	NotNeeded Reason = "NotNeeded"
	// Outranked: another rule's step was taken, by priority or because it is safer.
	Outranked Reason = "Outranked"
	// DurabilityLocked: the action would loosen a durability setting.
	DurabilityLocked Reason = "DurabilityLocked"
	// RateLimited: the changes of this hour are used up.
	RateLimited Reason = "RateLimited"
	// Frozen: the setting's reversal budget is used up.
	Frozen Reason = "Frozen"
	// FailedBefore: the same step was taken back in the same context lately.
	FailedBefore Reason = "FailedBefore"
	// RelationBroken: the step would break a rule across settings that no companion step can mend.
	RelationBroken Reason = "RelationBroken"
	// RuleShadowed: the only rules that ask are in shadow or off.
	RuleShadowed Reason = "RuleShadowed"
	// NoGoal: an optimising rule fires, and no goal is configured that would tell whether it helps.
	NoGoal Reason = "NoGoal"
	// NotYet: there are too few readings of the goal to compare with.
	NotYet Reason = "NotYet"
	// CalendarExcluded: the calendar allows no optimising at this hour.
	CalendarExcluded Reason = "CalendarExcluded"
)

// Reasons to change something.
const (
	// Protected: an objective is broken, and a protect rule's step is taken.
	Protected Reason = "Protected"
	// Relaxed: the objectives hold with a margin, and a relax rule's step is taken.
	Relaxed Reason = "Relaxed"
	// Recalled: the load moved to a level whose good settings are remembered.
	Recalled Reason = "Recalled"
	// Optimized: a small step along the declared goal.
	Optimized Reason = "Optimized"
	// TakenBackWorse: the trial made things worse.
	TakenBackWorse Reason = "TakenBackWorse"
	// TakenBackNoHelp: the trial was meant to help and did not.
	TakenBackNoHelp Reason = "TakenBackNoHelp"
	// TakenBackUnacknowledged: not every live instance applied the trial in time.
	TakenBackUnacknowledged Reason = "TakenBackUnacknowledged"
	// TakenBackRefused: an instance refused the trial.
	TakenBackRefused Reason = "TakenBackRefused"
	// TakenBackInterlock: an interlock fired during the trial.
	TakenBackInterlock Reason = "TakenBackInterlock"
	// TakenBackBlind: blind for too long, and the declared mode is to revert.
	TakenBackBlind Reason = "TakenBackBlind"
)

// Reasons returns every reason in the order of this file, for metrics and documentation.
func Reasons() []Reason {
	return []Reason{
		Off, Steady, ClockBack, DocumentUnreadable, Blind, Interlocked, FleetUnhealthy, NoInstances, Held, Pinned, ForeignWrite,
		AwaitingAck, Settling, Judging, Kept, NoActionLeft, Stabilizing, NoMargin, ColdStart, InDeadBand, InCooldown, AtBound,
		OutOfReach, Unusable, Guarded, NotNeeded, Outranked, DurabilityLocked, RateLimited, Frozen, FailedBefore, RelationBroken,
		RuleShadowed, NoGoal, NotYet, CalendarExcluded,
		Protected, Relaxed, Recalled, Optimized,
		TakenBackWorse, TakenBackNoHelp, TakenBackUnacknowledged, TakenBackRefused, TakenBackInterlock, TakenBackBlind,
	}
}
