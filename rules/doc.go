// Package rules is the language in which SREs write tuning rules: parsing, scoping to an application, evaluation.
//
// A rule file is a superset of a Prometheus rule file: every tuning rule is a valid alert, with keys beside it that say
// what to do ([Rule]). Expressions are PromQL, parsed by Prometheus's own parser.
//
// The package is pure: it owns no clock and asks nobody. [Set.Queries] lists what must be asked in a tick, the caller asks,
// and [Set.Evaluate] takes the answers and the states of the last tick and returns the new states and the [tuner.Signal] of
// every rule that fires.
//
// # Four values
//
// The result of a condition is true, false, no data or indeterminate ([Outcome]); nothing is ever read as 0. PromQL's
// comparison can't tell false from no data: both return nothing. So a condition is not asked as it is written. Each
// comparison at its top, also below and, or, unless and parentheses, is rewritten to return 1 or 0 (the bool modifier),
// "and" becomes a product, "or" the larger side or the one that is there, "unless" the left side times the opposite of
// the right; absent(x) becomes 1 or 0 too. The answer is then 1, 0, or nothing, which means that data are missing. A
// condition without a comparison at its top is true while it returns something, as in Prometheus, and is otherwise without data.
//
// NaN, infinity, a query error, a sample that is too old, and more than one series are indeterminate. An indeterminate
// tick pauses the time that "for" counts; it doesn't restart it.
package rules
