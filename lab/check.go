package lab

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// win is a claim that was answered with 200: this player has this treasure.
type win struct{ hunt, treasure, player string }

// Ledger remembers every claim that was acknowledged, to compare it with what the engine says in the end.
// It may be used by many goroutines.
type Ledger struct {
	mu     sync.Mutex
	wins   []win
	points map[string]map[string]int // acknowledged points by hunt and player
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{points: map[string]map[string]int{}} }

// Won records an acknowledged claim.
func (l *Ledger) Won(hunt, treasure, player string, points int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wins = append(l.wins, win{hunt: hunt, treasure: treasure, player: player})
	if l.points[hunt] == nil {
		l.points[hunt] = map[string]int{}
	}
	l.points[hunt][player] += points
}

// CheckResult is what the comparison found.
type CheckResult struct {
	// Acknowledged is the number of claims that were answered with 200.
	Acknowledged int `json:"acknowledged"`
	// Lost are acknowledged claims that an instance's leaderboard doesn't have.
	Lost []string `json:"lost,omitempty"`
	// TwoWinners are treasures that were acknowledged to two players.
	TwoWinners []string `json:"two_winners,omitempty"`
}

// Err returns nil if nothing was lost and no treasure has two winners.
func (c CheckResult) Err() error {
	var failed []error
	if len(c.Lost) > 0 {
		failed = append(failed, fmt.Errorf("%d acknowledged results are lost: %s", len(c.Lost), strings.Join(c.Lost, "; ")))
	}
	if len(c.TwoWinners) > 0 {
		failed = append(failed, fmt.Errorf("%d treasures have two winners: %s", len(c.TwoWinners), strings.Join(c.TwoWinners, "; ")))
	}
	return errors.Join(failed...)
}

// String is the result in one line.
func (c CheckResult) String() string {
	return fmt.Sprintf("%d claims acknowledged, %d lost, %d treasures with two winners", c.Acknowledged, len(c.Lost), len(c.TwoWinners))
}

// Check compares the ledger with the leaderboards (points by player) that board returns for an instance and a hunt.
// A player may have more than was acknowledged: an answer can be lost on its way back. Less is a loss.
func (l *Ledger) Check(instances []string, board func(instance, hunt string) (map[string]int, error)) (CheckResult, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	result := CheckResult{Acknowledged: len(l.wins), TwoWinners: l.twoWinners()}
	for _, hunt := range sortedKeys(l.points) {
		for _, instance := range instances {
			have, err := board(instance, hunt)
			if err != nil {
				return result, fmt.Errorf("ask %s for the leaderboard of %s: %w", instance, hunt, err)
			}
			for _, player := range sortedKeys(l.points[hunt]) {
				if want := l.points[hunt][player]; have[player] < want {
					result.Lost = append(result.Lost, fmt.Sprintf("%s: player %s of hunt %s has %d points, acknowledged were %d",
						instance, player, hunt, have[player], want))
				}
			}
		}
	}
	return result, nil
}

func (l *Ledger) twoWinners() []string {
	first := map[[2]string]string{}
	var doubled []string
	for _, w := range l.wins {
		key := [2]string{w.hunt, w.treasure}
		if player, ok := first[key]; ok && player != w.player {
			doubled = append(doubled, fmt.Sprintf("treasure %s of hunt %s: %s and %s", w.treasure, w.hunt, player, w.player))
		}
		first[key] = w.player
	}
	slices.Sort(doubled)
	return doubled
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
