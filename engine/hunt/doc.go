// Package hunt is the game of the treasure hunt, pure: no clock, no network, no randomness.
//
// A [Hunt] has a time window, treasures and players. A [Command] asks for something; [Decide] answers it with exactly one
// [Event], which says what happened, a refusal included; [Hunt.Apply] takes an event into the state. Time stands in the
// command, so the same commands in the same order give the same events.
//
// Events come back from a log that may hold one twice, or one that was decided by a referee that did not know yet that it
// had been replaced. So the log's order is the truth: Apply returns the event as it took effect, and a treasure that is won
// already stays with its first winner, whatever a later event says.
//
// Commands carry an id. A repeated one changes nothing and gets the former answer; the last [Remembered] ids of a hunt are
// kept for that.
package hunt
