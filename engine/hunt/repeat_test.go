package hunt_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine/hunt"
)

// A repeated command gets the answer that it got first, even if by now it would be another, and changes nothing.
func TestARepeatGetsTheFormerAnswer(t *testing.T) {
	g := newGame(t, "gold")
	guess := claim("ann", "gold", "a guess")
	guess.ID = "once"
	first := g.do(guess)
	require.Equal(t, hunt.MaxAttempts-1, first.Attempts)
	g.do(claim("bob", "gold", right))

	again := g.do(guess)

	require.Equal(t, hunt.Wrong, again.Outcome)
	require.Equal(t, first.Attempts, again.Attempts)
}

// Somebody else's claim under the same id is not answered with the first one's win.
func TestAnIDThatWasUsedForSomethingElseIsRefused(t *testing.T) {
	g := newGame(t, "gold", "silver")
	mine, theirs, other := claim("ann", "gold", right), claim("bob", "gold", right), claim("ann", "silver", right)
	mine.ID, theirs.ID, other.ID = "k", "k", "k"
	require.Equal(t, hunt.Won, g.do(mine).Outcome)

	require.Equal(t, hunt.IDReused, g.do(theirs).Reason)
	require.Equal(t, hunt.IDReused, g.do(other).Reason)
	require.Equal(t, hunt.Won, g.do(mine).Outcome, "the first one's answer stays")
	require.Equal(t, 10, points(g.State))
}

// Two hunts have nothing to do with each other, nor have their commands' ids.
func TestAnIDCountsWithinItsHunt(t *testing.T) {
	g := newGame(t, "gold")
	g.do(hunt.Command{ID: "1", Hunt: "other", Kind: hunt.Create, Plan: plan("gold")})
	join := hunt.Command{ID: "1", Hunt: "other", Kind: hunt.Join, Player: "ann"}
	require.Equal(t, hunt.IDReused, g.do(join).Reason, "1 created the other hunt")
	join.ID = "2" // which is how ann joined the first one
	require.Equal(t, hunt.Joined, g.do(join).Outcome)
}

// What is refused is remembered too: a claim before the hunt was there does not win when it is handled again later.
func TestARefusalIsFinal(t *testing.T) {
	g := &game{t: t, State: hunt.NewState()}
	early := claim("ann", "gold", right)
	early.ID = "early"
	require.Equal(t, hunt.NoHunt, g.do(early).Reason)
	g.do(hunt.Command{Kind: hunt.Create, Plan: plan("gold")})
	g.do(hunt.Command{Kind: hunt.Join, Player: "ann"})
	require.Equal(t, hunt.NoHunt, g.do(early).Reason)
}

// The memory of ids is bounded, over all hunts; what matters most survives it.
func TestOldIDsAreForgottenButWinsAreNot(t *testing.T) {
	g := &game{t: t, State: hunt.NewState()}
	create := hunt.Command{ID: "create", Kind: hunt.Create, Plan: plan("gold")}
	join := hunt.Command{ID: "join", Kind: hunt.Join, Player: "ann"}
	win := claim("ann", "gold", right)
	win.ID = "win"
	g.do(create)
	g.do(join)
	g.do(win)
	for range hunt.Remembered {
		g.do(hunt.Command{Hunt: "another", Kind: hunt.Move, Player: "ann"})
	}
	sealed, err := win.Sealed()
	require.NoError(t, err)
	_, remembered := g.Answer(sealed)
	require.False(t, remembered)

	require.Equal(t, hunt.Created, g.do(create).Outcome)
	require.Equal(t, hunt.Joined, g.do(join).Outcome)
	require.Equal(t, hunt.Won, g.do(win).Outcome)
	require.Equal(t, 10, points(g.State))
}

// The digest survives the way through the log, and depends on nothing but what is asked.
func TestTheDigestIsOfWhatIsAsked(t *testing.T) {
	create := hunt.Command{ID: "1", Hunt: "h", Kind: hunt.Create, Time: noon(), Plan: plan("gold"), X: 1.5}
	sealed, err := create.Sealed()
	require.NoError(t, err)
	b, err := json.Marshal(sealed)
	require.NoError(t, err)
	var back hunt.Command
	require.NoError(t, json.Unmarshal(b, &back))
	back.ID, back.Time = "2", noon().AddDate(0, 0, 1)
	again, err := back.Sealed()
	require.NoError(t, err)
	require.Equal(t, sealed.Digest, again.Digest)

	back.Plan.Treasures[0].Points++
	changed, err := back.Sealed()
	require.NoError(t, err)
	require.NotEqual(t, sealed.Digest, changed.Digest)
}

// A referee that was replaced without knowing it decides a win too. The log's order settles it: the first winner stays.
func TestTheLogsOrderDecidesBetweenTwoReferees(t *testing.T) {
	g := newGame(t, "gold")
	first, second := claim("ann", "gold", right), claim("bob", "gold", right)
	first.ID, second.ID, first.Time, second.Time, first.Hunt, second.Hunt = "a", "b", noon(), noon(), "h", "h"
	one, two := g.Decide(first), g.Decide(second)
	require.Equal(t, hunt.Won, one.Outcome)
	require.Equal(t, hunt.Won, two.Outcome)

	one, two = g.Apply(one), g.Apply(two)

	require.Equal(t, hunt.Won, one.Outcome)
	require.Equal(t, hunt.Taken, two.Outcome)
	require.Zero(t, two.Points)
	require.Equal(t, 10, points(g.State))
}

// An event that doesn't fit the state, which only a replaced referee writes, does no harm.
func TestAnEventThatDoesNotFitIsRefused(t *testing.T) {
	g := newGame(t, "gold")
	for _, c := range []struct {
		event hunt.Event
		want  hunt.Reason
	}{
		{hunt.Event{Command: "a", Hunt: "h", Outcome: hunt.Won, Player: "eve", Treasure: "gold", Points: 10}, hunt.NoPlayer},
		{hunt.Event{Command: "b", Hunt: "none", Outcome: hunt.Moved, Player: "ann"}, hunt.NoHunt},
		{hunt.Event{Command: "c", Hunt: "none", Outcome: hunt.Created}, hunt.BadPlan},
		{hunt.Event{Command: "d", Hunt: "h", Digest: "other", Outcome: hunt.Created, Plan: plan("lead")}, hunt.HuntExists},
	} {
		e := g.Apply(c.event)
		require.Equal(t, c.want, e.Reason)
		require.Zero(t, e.Points)
	}
	require.Zero(t, points(g.State))
}

// points returns the sum of all players' points in the hunt "h".
func points(s *hunt.State) int {
	sum := 0
	if h, ok := s.Hunt("h"); ok {
		for _, p := range h.Standings() {
			sum += p.Points
		}
	}
	return sum
}
