package hunt_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/engine/hunt"
)

// Whatever is claimed in whatever order, and however often it is repeated, the game agrees with a much simpler book: the
// first right claim of somebody who still has attempts wins, and an id counts once.
func TestTheGameAgreesWithASimpleBook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGame(t, "gold", "silver", "copper")
		winners, wrong, answers := map[string]string{}, map[string]int{}, map[string]hunt.Outcome{}
		for i := range rapid.IntRange(1, 80).Draw(rt, "commands") {
			c := drawClaim(rt, i)
			sealed, err := c.Sealed()
			require.NoError(rt, err)
			key, attempt := c.ID+sealed.Digest, c.Player+c.Treasure
			want, repeated := answers[key]
			if !repeated {
				want = simple(c, winners, wrong[attempt])
				answers[key] = want
			}
			if want == hunt.Wrong && !repeated {
				wrong[attempt]++
			}
			require.Equal(rt, want, g.do(c).Outcome)
		}
		h, _ := g.Hunt("h")
		for treasure, player := range winners {
			winner, ok := h.Winner(treasure)
			require.True(rt, ok)
			require.Equal(rt, player, winner)
		}
		require.Equal(rt, len(winners), h.Found())
		require.Equal(rt, 10*len(winners), points(g.State))
	})
}

// simple is the book's answer to a claim that it sees for the first time. It writes down who wins.
func simple(c hunt.Command, winners map[string]string, wrong int) hunt.Outcome {
	winner, taken := winners[c.Treasure]
	switch {
	case c.Treasure == "none":
		return hunt.Refused
	case winner == c.Player:
		return hunt.Won
	case taken:
		return hunt.Taken
	case wrong == hunt.MaxAttempts:
		return hunt.Refused
	case c.Guess != hunt.HashAnswer("h", c.Treasure, right):
		return hunt.Wrong
	}
	winners[c.Treasure] = c.Player
	return hunt.Won
}

// drawClaim draws a claim whose id stands for what it asks: the same one may be drawn again.
func drawClaim(rt *rapid.T, i int) hunt.Command {
	c := claim(
		rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "player"),
		rapid.SampledFrom([]string{"gold", "silver", "copper", "none"}).Draw(rt, "treasure"),
		rapid.SampledFrom([]string{right, "a guess"}).Draw(rt, "answer"),
	)
	c.ID = fmt.Sprint(c.Player, c.Treasure, c.Guess[:4], rapid.IntRange(0, i/3).Draw(rt, "id"))
	return c
}

// service is the game between two logs, with all that can go wrong between them: a referee that dies, writes only some of its
// events, writes them twice, or writes them when another has long taken over.
type service struct {
	commands  []hunt.Command
	events    []hunt.Event
	committed int // commands

	referee *hunt.State
	next    int            // the referee's next command
	late    [][]hunt.Event // what replaced referees have still to write
}

// begin makes a new referee, who knows what is in the log.
func (s *service) begin() {
	s.referee, s.next = hunt.NewState(), s.committed
	for _, e := range s.events {
		s.referee.Apply(e)
	}
}

// handle decides n commands and writes their events as how says.
func (s *service) handle(n int, how string) {
	batch := s.commands[s.next:min(s.next+n, len(s.commands))]
	var decided []hunt.Event
	for _, c := range batch {
		e := s.referee.Decide(c)
		s.referee.Apply(e)
		decided = append(decided, e)
	}
	half := len(decided) / 2
	switch how {
	case "written":
		s.events = append(s.events, decided...)
	case "written twice":
		s.events = append(append(s.events, decided...), decided...)
	case "written, but not told so":
		s.events = append(s.events, decided...)
		s.begin()
		return
	case "first half written":
		s.events = append(s.events, decided[:half]...)
		s.begin()
		return
	case "second half written":
		s.events = append(s.events, decided[half:]...)
		s.begin()
		return
	case "written much later":
		s.late = append(s.late, decided)
		s.begin()
		return
	}
	s.next += len(batch)
}

func (s *service) someLate(rt *rapid.T) {
	if len(s.late) > 0 {
		i := rapid.IntRange(0, len(s.late)-1).Draw(rt, "which")
		s.events = append(s.events, s.late[i]...)
		s.late = slices.Delete(s.late, i, i+1)
	}
}

// Any interleaving of commands, repeats, crashes, lost and doubled writes, and referees that don't know that they were
// replaced: one winner a treasure, points that match the wins, every repeat answered as the first time, every command
// answered, and a state that the log alone decides.
func TestOneWinnerATreasureWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &service{}
		s.begin()
		s.add(rt, hunt.Command{ID: "create", Kind: hunt.Create, Plan: plan("gold", "silver", "copper")})
		s.add(rt, hunt.Command{ID: "join-ann", Kind: hunt.Join, Player: "ann"})
		s.add(rt, hunt.Command{ID: "join-bob", Kind: hunt.Join, Player: "bob"})
		rt.Repeat(map[string]func(*rapid.T){
			"claim":  func(rt *rapid.T) { s.add(rt, drawClaim(rt, len(s.commands))) },
			"repeat": func(rt *rapid.T) { s.add(rt, rapid.SampledFrom(s.commands).Draw(rt, "former")) },
			"handle": func(rt *rapid.T) {
				s.handle(rapid.IntRange(1, 6).Draw(rt, "commands"), rapid.SampledFrom([]string{
					"written", "written", "written", "written twice", "written, but not told so",
					"first half written", "second half written", "written much later",
				}).Draw(rt, "how"))
			},
			"commit":     func(*rapid.T) { s.committed = s.next },
			"crash":      func(*rapid.T) { s.begin() },
			"late write": s.someLate,
		})
		s.handle(len(s.commands), "written")
		s.check(rt)
	})
}

func (s *service) add(rt *rapid.T, c hunt.Command) {
	c.Hunt, c.Time = "h", noon()
	c, err := c.Sealed()
	require.NoError(rt, err)
	s.commands = append(s.commands, c)
}

// check reads the log as a view does.
func (s *service) check(rt *rapid.T) {
	view := hunt.NewState()
	answered, won := map[string]hunt.Event{}, map[string]string{}
	for _, e := range s.events {
		effective := view.Apply(e)
		if former, ok := answered[e.Command]; ok {
			require.Equal(rt, former.Outcome, effective.Outcome, "command %s", e.Command)
			require.Equal(rt, former.Attempts, effective.Attempts, "command %s", e.Command)
		}
		answered[e.Command] = effective
		if effective.Outcome == hunt.Won {
			if winner, ok := won[effective.Treasure]; ok {
				require.Equal(rt, winner, effective.Player, "%s has two winners", effective.Treasure)
			}
			won[effective.Treasure] = effective.Player
		}
	}
	for _, c := range s.commands {
		require.Contains(rt, answered, c.ID)
	}
	h, ok := view.Hunt("h")
	require.True(rt, ok)
	require.Equal(rt, len(won), h.Found())
	require.Equal(rt, 10*len(won), points(view))
	again := hunt.NewState()
	for _, e := range s.events {
		again.Apply(e)
	}
	require.Equal(rt, view, again)
}
