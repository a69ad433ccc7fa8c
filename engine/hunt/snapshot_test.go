package hunt_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/engine/hunt"
)

// Whatever happened, and wherever in the log a snapshot was made: its restored state and the events after it come to the
// same as all events, answers to repeated commands included.
func TestASnapshotAndTheTailAreTheWholeLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &service{}
		s.begin()
		s.add(rt, hunt.Command{ID: "create", Kind: hunt.Create, Plan: plan("gold", "silver", "copper")})
		s.add(rt, hunt.Command{ID: "join-ann", Kind: hunt.Join, Player: "ann", Name: "Ann \u2028 <&>"})
		rt.Repeat(map[string]func(*rapid.T){
			"claim": func(rt *rapid.T) { s.add(rt, drawClaim(rt, len(s.commands))) },
			"join": func(rt *rapid.T) {
				s.add(rt, hunt.Command{ID: fmt.Sprint("join", len(s.commands)), Kind: hunt.Join, Player: "bob"})
			},
			"move": func(rt *rapid.T) {
				s.add(rt, hunt.Command{ID: fmt.Sprint("move", len(s.commands)), Kind: hunt.Move, Player: "ann", X: rapid.Float64().Draw(rt, "x")})
			},
			"repeat": func(rt *rapid.T) { s.add(rt, rapid.SampledFrom(s.commands).Draw(rt, "former")) },
			"finish": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "finish") == 0 {
					s.add(rt, hunt.Command{ID: "finish", Kind: hunt.Finish})
				}
			},
			"handle": func(rt *rapid.T) {
				s.handle(rapid.IntRange(1, 6).Draw(rt, "commands"), rapid.SampledFrom([]string{"written", "written twice", "written much later"}).Draw(rt, "how"))
			},
			"late write": s.someLate,
		})
		s.handle(len(s.commands), "written")
		events := throughTheLog(rt, s.events)
		at := rapid.IntRange(0, len(events)).Draw(rt, "snapshot at")

		whole, restored := hunt.NewState(), again(rt, after(hunt.NewState(), events[:at]))
		for i, e := range events {
			effect := whole.Apply(e)
			if i >= at {
				require.Equal(rt, effect, restored.Apply(e))
			}
		}

		require.Equal(rt, string(snapshot(rt, whole)), string(snapshot(rt, restored)))
		require.Equal(rt, whole, restored)
		next := drawClaim(rt, len(s.commands))
		next.Hunt, next.Time = "h", noon()
		for _, c := range append(s.commands, next) {
			require.Equal(rt, whole.Decide(c), restored.Decide(c))
		}
	})
}

// The memory of ids comes back in its order: the oldest is the next to be forgotten, also if the ring has gone round.
func TestASnapshotKeepsTheOrderOfForgetting(t *testing.T) {
	whole := newGame(t, "gold")
	for range hunt.Remembered + 10 {
		whole.do(hunt.Command{Kind: hunt.Move, Player: "ann"})
	}
	restored := &game{t: t, State: again(t, whole.State), n: whole.n}
	for range 100 {
		whole.do(hunt.Command{Kind: hunt.Move, Player: "bob"})
		restored.do(hunt.Command{Kind: hunt.Move, Player: "bob"})
	}
	require.Equal(t, string(snapshot(t, whole.State)), string(snapshot(t, restored.State)))
}

// What is damaged, or of a version that is not known, is refused: who reads it then reads the events.
func TestASnapshotThatCannotBeReadIsRefused(t *testing.T) {
	g := newGame(t, "gold")
	g.do(claim("ann", "gold", right))
	good := string(snapshot(t, g.State))
	for name, bad := range map[string]string{
		"nothing":            "",
		"cut off":            good[:len(good)-1],
		"something after it": good + "{}",
		"another version":    strings.Replace(good, `"version":1`, `"version":2`, 1),
		"no version":         strings.Replace(good, `"version":1,`, ``, 1),
		"an unknown field":   strings.Replace(good, `"answers"`, `"replies"`, 1),
		"a stranger's win":   strings.Replace(good, `"winners":{"gold":"ann"}`, `"winners":{"gold":"eve"}`, 1),
		"a player twice":     strings.Replace(good, `"player":"bob"`, `"player":"ann"`, 1),
		"an answer twice":    strings.Replace(good, `"c":"2"`, `"c":"1"`, 1),
		"a hunt twice":       strings.Replace(good, `"hunts":[`, `"hunts":[{"id":"h"},`, 1),
	} {
		require.NotEqual(t, good, bad, name)
		_, err := hunt.Restore([]byte(bad))
		require.ErrorIs(t, err, hunt.ErrSnapshot, name)
	}
	_, err := hunt.Restore([]byte(good))
	require.NoError(t, err)
}

func snapshot(t require.TestingT, s *hunt.State) []byte {
	b, err := s.Snapshot()
	require.NoError(t, err)
	return b
}

// again returns the state as its snapshot has it.
func again(t require.TestingT, s *hunt.State) *hunt.State {
	restored, err := hunt.Restore(snapshot(t, s))
	require.NoError(t, err)
	return restored
}

func after(s *hunt.State, events []hunt.Event) *hunt.State {
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// throughTheLog returns the events as they come back from the log.
func throughTheLog(t require.TestingT, events []hunt.Event) []hunt.Event {
	b, err := json.Marshal(events)
	require.NoError(t, err)
	var back []hunt.Event
	require.NoError(t, json.Unmarshal(b, &back))
	return back
}
