package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What was acknowledged and is missing from one instance's leaderboard is a loss; more than was acknowledged is not,
// because an answer can be lost after the claim was won.
func TestTheLedgerFindsALoss(t *testing.T) {
	l := NewLedger()
	l.Won("h1", "gold", "ann", 10)
	l.Won("h1", "silver", "bob", 5)
	boards := map[string]map[string]int{"engine-1": {"ann": 10, "bob": 5}, "engine-2": {"ann": 20}}

	result, err := l.Check([]string{"engine-1", "engine-2"}, func(instance, _ string) (map[string]int, error) {
		return boards[instance], nil
	})

	require.NoError(t, err)
	require.Equal(t, 2, result.Acknowledged)
	require.Equal(t, []string{"engine-2: player bob of hunt h1 has 0 points, acknowledged were 5"}, result.Lost)
	require.ErrorContains(t, result.Err(), "1 acknowledged results are lost")
}

// The same treasure acknowledged to one player twice is a repeated answer; to two players it is a broken promise.
func TestTheLedgerFindsTwoWinners(t *testing.T) {
	l := NewLedger()
	l.Won("h1", "gold", "ann", 10)
	l.Won("h1", "gold", "ann", 0)
	l.Won("h1", "silver", "ann", 5)
	l.Won("h1", "silver", "bob", 5)

	result, err := l.Check(nil, nil)

	require.NoError(t, err)
	require.Equal(t, []string{"treasure silver of hunt h1: ann and bob"}, result.TwoWinners)
	require.Error(t, result.Err())
}
