// Package load is player traffic for an engine that runs somewhere: hunts are created, players join, move, claim with right and
// wrong answers, and read leaderboards, and some follow the events of a hunt.
//
// The traffic is open-loop: a request is sent when it is due, whatever became of the earlier ones, and its latency counts from
// then. So an engine that stands still for a second has a second's worth of slow answers, not one.
//
// Every claim that was acknowledged is remembered, and held against the leaderboards in the end.
package load
