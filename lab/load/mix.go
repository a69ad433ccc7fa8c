package load

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a request asks for.
type Kind string

// The kinds of requests.
const (
	Claim       Kind = "claim"
	Move        Kind = "move"
	Leaderboard Kind = "leaderboard"
	Join        Kind = "join"
	Create      Kind = "create"
)

func kinds() []Kind { return []Kind{Claim, Move, Leaderboard, Join, Create} }

// DefaultMix is players who mostly claim and walk about, and look at the leaderboard now and then.
const DefaultMix = "claim=60,move=20,leaderboard=14,join=5,create=1"

// Mix says how many requests of each kind there are, in parts of their sum.
type Mix map[Kind]int

// ParseMix reads a mix written as "claim=60,move=20": kinds, and the parts of all requests that they have.
func ParseMix(s string) (Mix, error) {
	m := Mix{}
	for part := range strings.SplitSeq(s, ",") {
		name, share, _ := strings.Cut(strings.TrimSpace(part), "=")
		n, err := strconv.Atoi(share)
		if kind := Kind(name); err != nil || n < 0 || n > 1000 || !slices.Contains(kinds(), kind) {
			return nil, fmt.Errorf("mix %q: %q is none of %v with a share of 0 to 1000; write for example %s", s, part, kinds(), DefaultMix)
		}
		m[Kind(name)] += n
	}
	if m.sum() == 0 {
		return nil, fmt.Errorf("mix %q: nothing has a share; write for example %s", s, DefaultMix)
	}
	return m, nil
}

func (m Mix) sum() int {
	sum := 0
	for _, n := range m {
		sum += n
	}
	return sum
}

// share returns the part of all requests that a kind has, 0 to 1.
func (m Mix) share(k Kind) float64 { return float64(m[k]) / float64(m.sum()) }

// pick draws a kind.
func (m Mix) pick(rng *rand.Rand) Kind {
	n := rng.IntN(m.sum())
	for _, k := range kinds() {
		if n -= m[k]; n < 0 {
			return k
		}
	}
	return Claim // not reached: n is less than the sum
}
