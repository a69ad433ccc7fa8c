// Package rules is the language in which SREs write tuning rules: parsing, scoping to an application, evaluation, lints.
//
// A rule file is a superset of a Prometheus rule file: every tuning rule is a valid alert, with keys beside it that say
// what to do ([Rule]). Expressions are PromQL, parsed by Prometheus's own parser. docs/rules.md is the language's page.
//
// The package is pure: it owns no clock and asks nobody. [Set.Queries] lists what must be asked in a tick, the caller asks
// all of it for one time, and [Set.Evaluate] takes the answers and the states of the last tick and returns the new states
// and the [tuner.Signal] of every rule that fires.
//
// # Four values
//
// The result of a condition is true, false, no data or indeterminate ([Outcome]); nothing is ever read as 0. PromQL's
// comparison can't tell false from no data: both return nothing. So beside the condition itself, which is asked as it is
// written and decides what is true, its sights are asked: for each comparison an expression that returns something while
// there are data to decide it.
//
//	x > 5                  x
//	x > y                  (x) + (0 * (y)), matched as the comparison is; NaN if y is no finite number
//	a > 1 and b > 2        a and b: both must be there
//	a > 1 or b > 2         a and b, unless the whole is true
//	a > 1 unless b > 2     a and b, also if the whole is true: without b nobody knows whether it should be
//	x unless maintenance   x; what compares nothing on the right of and and unless is a test of existence
//	absent(x)              nothing: it has an answer either way
//	x                      x: true while it is there, as in Prometheus
//
// The condition is true if Prometheus's alert would fire, false if it returns nothing and every sight something, and
// without data if a sight returns nothing. NaN, infinity, an error, a sample that is too old, and several series where
// a rule acts on one target, are indeterminate. Asking for the condition as it is written keeps Prometheus's semantics of
// matching and of sets exactly, lets people paste a query from a status page into Prometheus, and costs one more cheap
// query for each comparison; equal ones are asked once.
//
// A tick without an outcome pauses the time that for counts; it doesn't restart it.
package rules
