// Package tuner decides which settings of an application's Kafka clients to change, and when to take a change back.
//
// It is a pure function: [Decide] takes the configuration, the state that the last tick left and what was seen since,
// and returns the new state and one [Decision]. It owns no clock, does no I/O, starts no goroutine and draws no random
// number, so that the same input gives the same output, byte for byte, and a log of inputs can be replayed.
//
// The order of authority, each step a function with a [Reason]:
//
//  1. blind: without a usable objective or load reading nothing changes.
//  2. interlock: while an interlock rule fires, tuning stops and the running trial is taken back.
//  3. operator: a hold, a pin, or a document that somebody else wrote is respected.
//  4. trial: a change waits until every live instance acknowledges it, settles, and is judged; if it made things
//     worse, the former document is restored.
//  5. protect: a broken objective is answered fast, by a rule's target or factor.
//  6. recall: settings that held at this load are returned to in one step.
//  7. relax and optimize: only after the objectives held for the stabilisation window, in small steps.
//
// Limits stand around every step: hard bounds ∩ application bounds ∩ the action's bounds, step factor, relations
// between settings, cooldown, dead band, changes per hour, reversal budget, the memory of failed actions.
package tuner
