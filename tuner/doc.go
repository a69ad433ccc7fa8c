// Package tuner decides which settings of an application's Kafka clients to change, and when to take a change back.
//
// It is a pure function: [Decide] takes the configuration, the state that the last tick left and what was seen since,
// and returns the new state and one [Decision]. It owns no clock, does no I/O, starts no goroutine and draws no random
// number, so that the same input gives the same output, byte for byte, and a log of inputs can be replayed.
//
// The order of authority, each step a function with a [Reason]:
//
//  1. blind: without a usable objective or load reading nothing changes.
//  2. interlock: while an interlock rule fires, or too much of the fleet is unwell, tuning stops and the running trial
//     is taken back.
//  3. operator: a hold, a pin, or a document that somebody else wrote is respected.
//  4. trial: a change waits until every live instance acknowledges it, settles, and is judged; if it made things
//     worse, or was meant to help and did not, the former document is restored.
//  5. protect: a broken objective is answered fast, by a rule's target or factor.
//  6. recall: settings that held at this load are returned to in one step.
//  7. relax and optimize: only after the objectives held for the stabilisation window, in small steps.
//
// Limits stand around every step, see tick.limit: what an action asks for passes pins and holds, the memory of safer
// wishes, the lock on durability, step factor and bounds, dead band, cooldown, reversal budget and the memory of failed
// steps; what a rule's actions come to then passes the relations between settings and the hour's changes.
//
// A tick has three parts. observe brings the [State] up to date with what was seen and decides nothing, so that a hold,
// shadow mode or a restart tears no window. The authorities are asked in their order; the first with a Reason has
// decided. conclude writes the decision, and only what is enforced is remembered as done.
//
// What the loop does and why is told by the stories in testdata, which are its tests: prose, commands, and the lines
// that [Decision.String] writes. To see what a change of the code changes, run the tests with -rewrite and read the
// difference.
package tuner
