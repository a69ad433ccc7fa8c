package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// guess is what a player asks for: a treasure, by an answer that is right or not. Its key makes all of its requests one command.
type guess struct {
	key, hunt, player, treasure string
	right                       bool
}

// attempt is one request for a guess, and what came back.
type attempt struct {
	guess
	instance   string
	begin, end time.Time
	// status is HTTP's; 0 if there was no answer, because the connection broke.
	status int
	// outcome is the game's word in the answer: won, taken, wrong, refused.
	outcome string
	// left are the attempts left after a wrong answer.
	left int
}

// known says whether the game has answered. What is not known may have taken effect, or may yet.
func (a attempt) known() bool {
	return a.status != 0 && a.status != http.StatusGatewayTimeout && a.status != http.StatusServiceUnavailable
}

// mayCount says whether the guess can have taken effect: 503 says that nothing was done.
func (a attempt) mayCount() bool { return a.status != http.StatusServiceUnavailable }

// reading is a leaderboard as an instance showed it while the players played.
type reading struct {
	instance, hunt string
	begin          time.Time
	points         map[string]int
}

// ending is what an instance says of a hunt after everything.
type ending struct {
	instance, hunt string
	winners        map[string]string // player by treasure
	points         map[string]int    // by player
}

// history is everything that players asked and were told.
type history struct {
	worth    int // of each treasure
	limit    int // wrong answers that a player may give for a treasure
	attempts []attempt
	readings []reading
	endings  []ending
}

// faults returns what the history has in it that must not be; none if the service kept its promises. It is a function of the
// history alone.
func (h history) faults() []string {
	c := checker{history: h, byGuess: map[[2]string][]attempt{}, byPlace: map[place][]attempt{}}
	for _, a := range h.attempts {
		c.byGuess[[2]string{a.hunt, a.key}] = append(c.byGuess[[2]string{a.hunt, a.key}], a)
		c.byPlace[place{a.hunt, a.treasure}] = append(c.byPlace[place{a.hunt, a.treasure}], a)
	}
	c.answers()
	c.winners()
	c.wrongs()
	c.reads()
	for _, e := range h.endings {
		c.ends(e)
	}
	slices.Sort(c.found)
	return slices.Compact(c.found)
}

// place is a treasure of a hunt.
type place struct{ hunt, treasure string }

// checker looks for faults in a history.
type checker struct {
	history
	byGuess map[[2]string][]attempt
	byPlace map[place][]attempt
	found   []string
}

func (c *checker) fault(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// answers holds each answer against the guess, and the answers to one guess against each other.
func (c *checker) answers() {
	for id, attempts := range c.byGuess {
		var first *attempt
		for _, a := range attempts {
			if !a.known() {
				continue
			}
			c.fits(a)
			if first == nil {
				first = &a
			}
			if first.outcome != a.outcome || first.left != a.left {
				c.fault("guess %s: answered with %s (%d left) and with %s (%d left)", id[1], first.outcome, first.left, a.outcome, a.left)
			}
		}
	}
}

// fits holds an answer against its guess.
func (c *checker) fits(a attempt) {
	switch {
	case a.outcome == "won" && (a.right || c.hadIt(a)), a.outcome == "taken", a.outcome == "wrong" && !a.right:
	case a.outcome == "won", a.outcome == "wrong":
		c.fault("guess %s: the answer %q is false", a.key, a.outcome)
	case a.outcome != "refused":
		c.fault("guess %s: unexpected answer %d %q", a.key, a.status, a.outcome)
	case !c.spent(a):
		c.fault("guess %s: refused, with attempts left", a.key)
	}
}

// hadIt says whether a player may have had the treasure already when he guessed: he is told that he has it, whatever he guesses.
func (c *checker) hadIt(a attempt) bool {
	return slices.ContainsFunc(c.byPlace[place{a.hunt, a.treasure}], func(b attempt) bool {
		return b.player == a.player && b.right && b.mayCount() && b.begin.Before(a.end)
	})
}

// spent says whether a player may have had no attempts left when he guessed.
func (c *checker) spent(a attempt) bool {
	wrong := map[string]bool{}
	for _, b := range c.byPlace[place{a.hunt, a.treasure}] {
		if b.player == a.player && b.key != a.key && !b.right && b.mayCount() && b.begin.Before(a.end) {
			wrong[b.key] = true
		}
	}
	return len(wrong) >= c.limit
}

// winners looks for treasures that two were told they have, and for "taken" before anybody can have taken it.
func (c *checker) winners() {
	for at, attempts := range c.byPlace {
		winner := ""
		for _, a := range attempts {
			if a.outcome != "won" || !a.known() {
				continue
			}
			if winner != "" && winner != a.player {
				c.fault("treasure %s of %s has two winners: %s and %s", at.treasure, at.hunt, min(winner, a.player), max(winner, a.player))
			}
			winner = a.player
		}
		for _, a := range attempts {
			other := func(b attempt) bool { return b.player != a.player && b.right && b.mayCount() && b.begin.Before(a.end) }
			if a.known() && a.outcome == "taken" && !slices.ContainsFunc(attempts, other) {
				c.fault("guess %s: told that %s is taken, when nobody else can have had it", a.key, at.treasure)
			}
		}
	}
}

// wrongs counts attempts: each wrong guess costs one, however often it was asked, and none is given back.
func (c *checker) wrongs() {
	left, guesses := map[[3]string]map[int]string{}, map[[3]string]map[string]bool{}
	for _, a := range c.attempts {
		at := [3]string{a.hunt, a.player, a.treasure}
		if guesses[at] == nil {
			left[at], guesses[at] = map[int]string{}, map[string]bool{}
		}
		if !a.right && a.mayCount() {
			guesses[at][a.key] = true
		}
		if !a.known() || a.outcome != "wrong" {
			continue
		}
		if key, there := left[at][a.left]; there && key != a.key {
			c.fault("guesses %s and %s of %s at %s both left %d attempts", min(key, a.key), max(key, a.key), a.player, a.treasure, a.left)
		}
		left[at][a.left] = a.key
	}
	for at, counts := range left {
		if spent := c.limit - slices.Min(append(slices.Collect(maps.Keys(counts)), c.limit)); spent > len(guesses[at]) {
			c.fault("%s spent %d attempts at %s with %d wrong guesses", at[1], spent, at[2], len(guesses[at]))
		}
	}
}

// reads holds each leaderboard against what its instance had acknowledged before it was asked for.
func (c *checker) reads() {
	for _, r := range c.readings {
		for player, want := range c.acknowledged(r.hunt, func(a attempt) bool { return a.instance == r.instance && a.end.Before(r.begin) }) {
			if r.points[player] < want {
				c.fault("%s showed %d points of %s in %s after it had acknowledged %d", r.instance, r.points[player], player, r.hunt, want)
			}
		}
	}
}

// acknowledged returns the points that players were told they have, by the attempts that count.
func (c *checker) acknowledged(hunt string, counts func(attempt) bool) map[string]int {
	won := map[place]string{}
	for _, a := range c.attempts {
		if a.hunt == hunt && a.known() && a.outcome == "won" && counts(a) {
			won[place{a.hunt, a.treasure}] = a.player
		}
	}
	points := map[string]int{}
	for _, player := range won {
		points[player] += c.worth
	}
	return points
}

// ends holds an instance's last word against all that was asked and told: every acknowledged win is there, no other is but
// those whose answers are not known, and the leaderboard is their sum.
func (c *checker) ends(e ending) {
	for at, attempts := range c.byPlace {
		if at.hunt == e.hunt {
			c.endOf(e, at, attempts)
		}
	}
	c.sums(e)
}

// endOf holds what an instance says of one treasure against what was asked and told of it.
func (c *checker) endOf(e ending, at place, attempts []attempt) {
	winner := e.winners[at.treasure]
	asked := func(a attempt) bool {
		return a.player == winner && a.right && (a.outcome == "won" || !c.isKnown(a.guess)) && a.mayCount()
	}
	if winner != "" && !slices.ContainsFunc(attempts, asked) {
		c.fault("%s: %s has %s, and was not told so, nor is an answer missing", e.instance, winner, at.treasure)
	}
	for _, a := range attempts {
		if a.known() && a.outcome == "won" && winner != a.player {
			c.fault("%s: %s was told that he has %s, and it is %q who has it", e.instance, a.player, at.treasure, winner)
		}
		if a.known() && a.outcome == "taken" && (winner == "" || winner == a.player) {
			c.fault("%s: %s was told that %s is taken, and it is %q who has it", e.instance, a.player, at.treasure, winner)
		}
	}
}

// sums holds an instance's leaderboard against the treasures that it says are won.
func (c *checker) sums(e ending) {
	want := map[string]int{}
	for _, player := range e.winners {
		want[player] += c.worth
	}
	for player, points := range e.points {
		if points != want[player] {
			c.fault("%s: %s has %d points in %s, and treasures for %d", e.instance, player, points, e.hunt, want[player])
		}
		delete(want, player)
	}
	for player := range want {
		c.fault("%s: %s has treasures and is not on the leaderboard of %s", e.instance, player, e.hunt)
	}
}

// isKnown says whether any request for a guess was answered by the game.
func (c *checker) isKnown(g guess) bool {
	return slices.ContainsFunc(c.byGuess[[2]string{g.hunt, g.key}], attempt.known)
}
