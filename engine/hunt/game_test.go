package hunt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine/hunt"
)

const right = "under the bridge"

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func plan(treasures ...string) *hunt.Plan {
	p := &hunt.Plan{Name: "harbour", Starts: noon(), Ends: noon().Add(time.Hour)}
	for _, t := range treasures {
		p.Treasures = append(p.Treasures, hunt.Treasure{ID: t, Points: 10, AnswerHash: hunt.HashAnswer("h", t, right)})
	}
	return p
}

// game plays commands one after the other, each with its own id.
type game struct {
	t *testing.T
	*hunt.State
	n int
}

// newGame has a hunt "h" with the treasures, and the players ann and bob.
func newGame(t *testing.T, treasures ...string) *game {
	t.Helper()
	g := &game{t: t, State: hunt.NewState()}
	g.do(hunt.Command{Kind: hunt.Create, Plan: plan(treasures...)})
	g.do(hunt.Command{Kind: hunt.Join, Player: "ann"})
	g.do(hunt.Command{Kind: hunt.Join, Player: "bob"})
	return g
}

// do plays a command; id, hunt and time are filled in where they are missing.
func (g *game) do(c hunt.Command) hunt.Event {
	g.t.Helper()
	g.n++
	if c.Hunt == "" {
		c.Hunt = "h"
	}
	if c.ID == "" {
		c.ID = fmt.Sprint(g.n)
	}
	if c.Time.IsZero() {
		c.Time = noon().Add(time.Duration(g.n) * time.Millisecond)
	}
	c, err := c.Sealed()
	require.NoError(g.t, err)
	return g.Apply(g.Decide(c))
}

func (g *game) ranked() []hunt.Standing {
	g.t.Helper()
	h, ok := g.Hunt("h")
	require.True(g.t, ok)
	all := h.Standings()
	hunt.Rank(all)
	return all
}

func claim(player, treasure, answer string) hunt.Command {
	return hunt.Command{Kind: hunt.Claim, Player: player, Treasure: treasure, Guess: hunt.HashAnswer("h", treasure, answer)}
}

func TestTheFirstRightAnswerWins(t *testing.T) {
	g := newGame(t, "gold")
	require.Equal(t, hunt.Wrong, g.do(claim("ann", "gold", "on the roof")).Outcome)
	require.Equal(t, hunt.Won, g.do(claim("bob", "gold", "  Under  the BRIDGE ")).Outcome)
	require.Equal(t, hunt.Taken, g.do(claim("ann", "gold", right)).Outcome)
	require.Equal(t, "bob", g.ranked()[0].ID)
	require.Equal(t, 10, g.ranked()[0].Points)
	require.Equal(t, 1, g.ranked()[0].Wins)
}

func TestGuessingDoesNotPay(t *testing.T) {
	g := newGame(t, "gold")
	for left := hunt.MaxAttempts - 1; left >= 0; left-- {
		require.Equal(t, left, g.do(claim("ann", "gold", "a guess")).Attempts)
	}
	require.Equal(t, hunt.NoAttempts, g.do(claim("ann", "gold", right)).Reason)
	require.Equal(t, hunt.Won, g.do(claim("bob", "gold", right)).Outcome)
}

func TestWhoHadThePointsEarlierIsAhead(t *testing.T) {
	g := newGame(t, "gold", "silver")
	g.do(claim("bob", "gold", right))
	g.do(claim("ann", "silver", right))
	require.Equal(t, "bob", g.ranked()[0].ID)
}

func TestAPositionIsTheLastOneGiven(t *testing.T) {
	g := newGame(t, "gold")
	g.do(hunt.Command{Kind: hunt.Move, Player: "ann", X: 1, Y: 2})
	require.Equal(t, hunt.Moved, g.do(hunt.Command{Kind: hunt.Move, Player: "ann", X: 3, Y: 4}).Outcome)
	require.InDelta(t, 3, g.ranked()[0].X, 0)
	require.InDelta(t, 4, g.ranked()[0].Y, 0)
}

func TestWhatCanNotBeDoneIsRefusedWithAReason(t *testing.T) {
	late, early := claim("ann", "gold", right), claim("ann", "gold", right)
	late.Time, early.Time = noon().Add(time.Hour), noon().Add(-time.Second)
	lateJoin := hunt.Command{Kind: hunt.Join, Player: "eve", Time: late.Time}
	elsewhere := claim("ann", "gold", right)
	elsewhere.Hunt = "nowhere"
	for name, c := range map[string]struct {
		command hunt.Command
		reason  hunt.Reason
	}{
		"after the window":           {late, hunt.Over},
		"at the window's start":      {early, hunt.NotStarted},
		"joining when it is over":    {lateJoin, hunt.Over},
		"joining without a name":     {hunt.Command{Kind: hunt.Join}, hunt.NoPlayer},
		"a stranger's claim":         {claim("eve", "gold", right), hunt.NoPlayer},
		"a stranger's move":          {hunt.Command{Kind: hunt.Move, Player: "eve"}, hunt.NoPlayer},
		"a treasure that isn't":      {claim("ann", "lead", right), hunt.NoTreasure},
		"a hunt that isn't":          {elsewhere, hunt.NoHunt},
		"a hunt that is already":     {hunt.Command{Kind: hunt.Create, Plan: plan("silver")}, hunt.HuntExists},
		"something else entirely":    {hunt.Command{Kind: "dance", Player: "ann"}, hunt.Unknown},
		"a new hunt without a plan":  {hunt.Command{Kind: hunt.Create, Hunt: "new"}, hunt.BadPlan},
		"a new hunt of no treasures": {hunt.Command{Kind: hunt.Create, Hunt: "new", Plan: plan()}, hunt.BadPlan},
		"a treasure twice":           {hunt.Command{Kind: hunt.Create, Hunt: "new", Plan: plan("gold", "gold")}, hunt.BadPlan},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGame(t, "gold")
			e := g.do(c.command)
			require.Equal(t, hunt.Refused, e.Outcome)
			require.Equal(t, c.reason, e.Reason)
			require.Zero(t, e.Points)
		})
	}
}

func TestAFinishedHuntIsOver(t *testing.T) {
	g := newGame(t, "gold")
	require.Equal(t, hunt.Finished, g.do(hunt.Command{Kind: hunt.Finish}).Outcome)
	require.Equal(t, hunt.Over, g.do(claim("ann", "gold", right)).Reason)
	h, _ := g.Hunt("h")
	require.True(t, h.Finished())
}

// The answer of one treasure, and of one hunt, is no answer to another with the same words.
func TestEqualAnswersHaveDifferentHashes(t *testing.T) {
	require.NotEqual(t, hunt.HashAnswer("h", "gold", right), hunt.HashAnswer("h", "silver", right))
	require.NotEqual(t, hunt.HashAnswer("h", "gold", right), hunt.HashAnswer("i", "gold", right))
}
