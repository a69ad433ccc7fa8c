// Package hunt is the game of the treasure hunt, pure: no clock, no network, no randomness.
//
// A [State] holds the hunts of one partition of the log. A [Command] asks for something; [State.Decide] answers it with
// exactly one [Event], which says what happened, a refusal included; [State.Apply] takes an event into the state. Time
// stands in the command, so the same commands in the same order give the same events.
//
// Events come back from a log that may hold one twice, or one that was decided by a referee that did not know yet that it
// had been replaced. So the log's order is the truth: Apply returns the event as it took effect, and a treasure that is won
// already stays with its first winner, whatever a later event says.
//
// # Repeated commands
//
// Commands carry an id, which counts within their hunt. A repeated command changes nothing and gets the former answer. An
// id that comes again with something else to ask ([Command.Digest] differs) is refused, so that nobody takes somebody
// else's answer for his own.
//
// The memory for it is bounded: a state keeps the answers to its last [Remembered] ids, over all of its hunts, in a ring;
// the oldest makes room for the newest. What that can't tell any more, the state itself still does: a treasure knows its
// winner, a hunt what it was created from, and joining twice is joining once. Only a wrong answer that is repeated so much
// later costs another attempt.
package hunt
