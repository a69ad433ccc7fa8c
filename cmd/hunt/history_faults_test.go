package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// told returns an attempt that lasted from one second to another, with an answer.
func told(key, player, treasure string, from, to int, outcome string) attempt {
	status := map[string]int{"won": http.StatusOK, "taken": http.StatusConflict, "wrong": http.StatusUnprocessableEntity, "late": http.StatusGatewayTimeout, "full": http.StatusServiceUnavailable}[outcome]
	a := attempt{
		guess: guess{key: key, hunt: "h", player: player, treasure: treasure, right: outcome != "wrong"}, instance: "one",
		begin: time.Unix(int64(from), 0), end: time.Unix(int64(to), 0), status: status, outcome: outcome,
	}
	if outcome == "wrong" {
		a.left = 4
	}
	return a
}

// good is a history with everything that may happen: a win, a lost race, a wrong guess, a repeat, a wrong guess of the winner, an answer that is missing for
// a win and one for nothing, and a refusal for want of room.
func good() history {
	return history{
		worth: 10, limit: 5,
		attempts: []attempt{
			told("a", "ann", "gold", 1, 3, "late"), told("a", "ann", "gold", 4, 5, "won"), told("a", "ann", "gold", 6, 7, "won"),
			told("b", "bob", "gold", 2, 6, "taken"),
			told("c", "bob", "silver", 7, 8, "wrong"),
			told("d", "bob", "silver", 8, 9, "full"), told("d", "bob", "silver", 8, 9, "late"),
			told("e", "ann", "copper", 8, 9, "broken"),
			{guess: guess{key: "f", hunt: "h", player: "ann", treasure: "gold"}, instance: "one", begin: time.Unix(9, 0), end: time.Unix(10, 0), status: http.StatusOK, outcome: "won"},
		},
		readings: []reading{{"one", "h", time.Unix(6, 0), map[string]int{"ann": 10}}},
		endings: []ending{
			{"one", "h", map[string]string{"gold": "ann", "silver": "bob"}, map[string]int{"ann": 10, "bob": 10}},
			{"two", "h", map[string]string{"gold": "ann", "silver": "bob"}, map[string]int{"ann": 10, "bob": 10, "eve": 0}},
		},
	}
}

func TestAGoodHistoryHasNoFaults(t *testing.T) { require.Empty(t, good().faults()) }

// Every promise that the service could break is one that the checker notices.
func TestTheCheckerFindsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*history)
		want  string
	}{
		"a lost win": {func(h *history) {
			h.endings[0] = ending{"one", "h", map[string]string{"silver": "bob"}, map[string]int{"bob": 10}}
		}, `one: ann was told that he has gold, and it is "" who has it`},
		"two winners": {func(h *history) {
			h.attempts[3].status, h.attempts[3].outcome = http.StatusOK, "won"
		}, "treasure gold of h has two winners: ann and bob"},
		"two winners at different instances": {func(h *history) {
			h.endings[1].winners = map[string]string{"gold": "bob", "silver": "bob"}
		}, `two: ann was told that he has gold, and it is "bob" who has it`},
		"a win from nowhere": {func(h *history) {
			h.endings[0].winners["silver"] = "ann"
		}, "one: ann has silver, and was not told so, nor is an answer missing"},
		"a win that was told to be none": {func(h *history) {
			h.attempts[6].status, h.attempts[6].outcome, h.attempts[6].right = http.StatusUnprocessableEntity, "wrong", false
		}, "one: bob has silver, and was not told so, nor is an answer missing"},
		"a win of what was refused for want of room": {func(h *history) {
			h.attempts[6] = h.attempts[5]
		}, "one: bob has silver, and was not told so, nor is an answer missing"},
		"points that are no treasures": {func(h *history) {
			h.endings[0].points["ann"] = 20
		}, "one: ann has 20 points in h, and treasures for 10"},
		"a winner who is not on the leaderboard": {func(h *history) {
			delete(h.endings[0].points, "bob")
		}, "one: bob has treasures and is not on the leaderboard of h"},
		"two answers to one guess": {func(h *history) {
			h.attempts[2].status, h.attempts[2].outcome = http.StatusConflict, "taken"
		}, "guess a: answered with won (0 left) and with taken (0 left)"},
		"taken, and nobody has it": {func(h *history) {
			h.attempts = append(h.attempts, told("x", "ann", "copper", 9, 10, "taken"))
		}, `one: ann was told that copper is taken, and it is "" who has it`},
		"taken before anybody asked for it": {func(h *history) {
			h.attempts[3].begin, h.attempts[3].end = time.Unix(0, 0), time.Unix(1, 0)
		}, "guess b: told that gold is taken, when nobody else can have had it"},
		"a right answer that is wrong": {func(h *history) {
			h.attempts[4].right = true
		}, `guess c: the answer "wrong" is false`},
		"a wrong answer that wins": {func(h *history) {
			h.attempts[0].right, h.attempts[1].right, h.attempts[2].right = false, false, false
		}, `guess a: the answer "won" is false`},
		"a guess that counted twice": {func(h *history) {
			h.attempts[4].left = 3
			h.attempts = slices.Delete(h.attempts, 5, 7)
			h.endings = nil
		}, "bob spent 2 attempts at silver with 1 wrong guesses"},
		"a guess that cost nothing": {func(h *history) {
			h.attempts = append(h.attempts, told("g", "bob", "silver", 9, 10, "wrong"))
		}, "guesses c and g of bob at silver both left 4 attempts"},
		"an instance that forgets": {func(h *history) {
			h.readings[0].points = map[string]int{}
		}, "one showed 0 points of ann in h after it had acknowledged 10"},
		"a refusal without a reason": {func(h *history) {
			h.attempts[4].outcome, h.attempts[4].left = "refused", 0
		}, "guess c: refused, with attempts left"},
		"an answer that is none": {func(h *history) {
			h.attempts[1].status, h.attempts[1].outcome = http.StatusInternalServerError, ""
		}, `guess a: unexpected answer 500 ""`},
	} {
		t.Run(name, func(t *testing.T) {
			h := good()
			c.spoil(&h)
			require.Contains(t, h.faults(), c.want)
		})
	}
}
