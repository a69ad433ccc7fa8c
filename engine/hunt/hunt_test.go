package hunt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/engine/hunt"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func plan(treasures ...string) *hunt.Plan {
	p := &hunt.Plan{Name: "harbour", Starts: noon(), Ends: noon().Add(time.Hour)}
	for _, t := range treasures {
		p.Treasures = append(p.Treasures, hunt.Treasure{ID: t, Points: 10, AnswerHash: hunt.HashAnswer("h", t, "under the bridge")})
	}
	return p
}

// game plays commands one after the other, each with its own id.
type game struct {
	h *hunt.Hunt
	n int
}

func newGame(treasures ...string) *game {
	g := &game{}
	g.do(hunt.Command{Kind: hunt.Create, Plan: plan(treasures...)})
	g.do(hunt.Command{Kind: hunt.Join, Player: "ann"})
	g.do(hunt.Command{Kind: hunt.Join, Player: "bob"})
	return g
}

func (g *game) do(c hunt.Command) hunt.Event {
	g.n++
	c.Hunt = "h"
	if c.ID == "" {
		c.ID = fmt.Sprint(g.n)
	}
	if c.Time.IsZero() {
		c.Time = noon().Add(time.Duration(g.n) * time.Second)
	}
	var e hunt.Event
	g.h, e = hunt.Apply(g.h, hunt.Decide(g.h, c))
	return e
}

func claim(player, treasure, answer string) hunt.Command {
	return hunt.Command{Kind: hunt.Claim, Player: player, Treasure: treasure, Answer: answer}
}

func TestTheFirstRightAnswerWins(t *testing.T) {
	g := newGame("gold")
	require.Equal(t, hunt.Wrong, g.do(claim("ann", "gold", "on the roof")).Outcome)
	require.Equal(t, hunt.Won, g.do(claim("bob", "gold", "  Under  the BRIDGE ")).Outcome)
	require.Equal(t, hunt.Taken, g.do(claim("ann", "gold", "under the bridge")).Outcome)
	require.Equal(t, "bob", g.h.Leaderboard()[0].ID)
	require.Equal(t, 10, g.h.Leaderboard()[0].Points)
}

func TestGuessingDoesNotPay(t *testing.T) {
	g := newGame("gold")
	for left := hunt.MaxAttempts - 1; left >= 0; left-- {
		require.Equal(t, left, g.do(claim("ann", "gold", "a guess")).Attempts)
	}
	require.Equal(t, hunt.NoAttempts, g.do(claim("ann", "gold", "under the bridge")).Reason)
	require.Equal(t, hunt.Won, g.do(claim("bob", "gold", "under the bridge")).Outcome)
}

// A repeated command gets the answer that it got first, even if by now it would be another, and changes nothing.
func TestARepeatGetsTheFormerAnswer(t *testing.T) {
	g := newGame("gold")
	wrong := claim("ann", "gold", "a guess")
	wrong.ID = "once"
	first := g.do(wrong)
	require.Equal(t, hunt.Won, g.do(claim("bob", "gold", "under the bridge")).Outcome)
	require.Equal(t, first, g.do(wrong))
	require.Equal(t, hunt.MaxAttempts-1, first.Attempts)
}

func TestWhatCanNotBeDoneIsRefusedWithAReason(t *testing.T) {
	g := newGame("gold")
	late, early := claim("ann", "gold", "under the bridge"), claim("ann", "gold", "under the bridge")
	late.Time, early.Time = noon().Add(time.Hour), noon().Add(-time.Second)
	require.Equal(t, hunt.Over, g.do(late).Reason)
	require.Equal(t, hunt.NotStarted, g.do(early).Reason)
	require.Equal(t, hunt.NoPlayer, g.do(claim("eve", "gold", "x")).Reason)
	require.Equal(t, hunt.NoTreasure, g.do(claim("ann", "silver", "x")).Reason)
	require.Equal(t, hunt.HuntExists, g.do(hunt.Command{Kind: hunt.Create, Plan: plan("gold")}).Reason)
	require.Equal(t, hunt.Unknown, g.do(hunt.Command{Kind: "dance"}).Reason)
	require.Equal(t, hunt.Finished, g.do(hunt.Command{Kind: hunt.Finish}).Outcome)
	require.Equal(t, hunt.Over, g.do(claim("ann", "gold", "under the bridge")).Reason)
	require.Equal(t, hunt.NoHunt, hunt.Decide(nil, claim("ann", "gold", "x")).Reason)
	bad := plan("gold", "gold")
	require.Equal(t, hunt.BadPlan, hunt.Decide(nil, hunt.Command{Kind: hunt.Create, Plan: bad}).Reason)
}

// A referee that was replaced without knowing it decides a win too. The log's order settles it: the first winner stays.
func TestTheLogsOrderDecidesBetweenTwoReferees(t *testing.T) {
	g := newGame("gold")
	first, second := claim("ann", "gold", "under the bridge"), claim("bob", "gold", "under the bridge")
	first.ID, second.ID, first.Time, second.Time, first.Hunt, second.Hunt = "a", "b", noon(), noon(), "h", "h"
	one, two := hunt.Decide(g.h, first), hunt.Decide(g.h, second)
	require.Equal(t, hunt.Won, one.Outcome)
	require.Equal(t, hunt.Won, two.Outcome)

	h, one := hunt.Apply(g.h, one)
	_, two = hunt.Apply(h, two)

	require.Equal(t, hunt.Won, one.Outcome)
	require.Equal(t, hunt.Taken, two.Outcome)
	require.Zero(t, two.Points)
}

// Whatever is claimed in whatever order, however often it is repeated, and whether or not an event is logged twice: one
// winner a treasure, points that match the wins, and a rebuild from the log that gives the same state.
func TestOneWinnerATreasureWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGame("gold", "silver", "copper")
		log := []hunt.Event{}
		for i := range rapid.IntRange(1, 60).Draw(rt, "commands") {
			c := claim(
				rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "player"),
				rapid.SampledFrom([]string{"gold", "silver", "copper", "none"}).Draw(rt, "treasure"),
				rapid.SampledFrom([]string{"under the bridge", "a guess"}).Draw(rt, "answer"),
			)
			c.ID, c.Hunt, c.Time = fmt.Sprint("c", rapid.IntRange(0, i).Draw(rt, "id")), "h", noon()
			e := hunt.Decide(g.h, c)
			for range rapid.IntRange(1, 2).Draw(rt, "times logged") {
				log = append(log, e)
				_, effective := hunt.Apply(g.h, e)
				if effective.Outcome == hunt.Won {
					winner, ok := g.h.Winner(effective.Treasure)
					require.True(rt, ok)
					require.Equal(rt, effective.Player, winner)
				}
			}
		}
		require.Equal(rt, 10*g.h.Found(), points(g.h))
		again := newGame("gold", "silver", "copper")
		for _, e := range log {
			hunt.Apply(again.h, e)
		}
		require.Equal(rt, g.h.Leaderboard(), again.h.Leaderboard())
	})
}

func points(h *hunt.Hunt) int {
	sum := 0
	for _, p := range h.Leaderboard() {
		sum += p.Points
	}
	return sum
}

// The ids of commands are kept in bounded number, and a win that is repeated beyond it is still the same win.
func TestOldIdsAreForgottenButWinsAreNot(t *testing.T) {
	g := newGame("gold")
	win := claim("ann", "gold", "under the bridge")
	win.ID, win.Time = "win", noon()
	require.Equal(t, hunt.Won, g.do(win).Outcome)
	for range hunt.Remembered {
		g.do(hunt.Command{Kind: hunt.Move, Player: "ann", Time: noon()})
	}
	_, remembered := g.h.Answer("win")
	require.False(t, remembered)
	require.Equal(t, hunt.Won, g.do(win).Outcome)
	require.Equal(t, 10, points(g.h))
}
