package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/lab"
)

const (
	// players is how many join each hunt before the traffic begins.
	players = 8
	// perTreasure is how many claims there are for a treasure, so that there are races.
	perTreasure = 2
	// maxTreasures keeps a hunt below what a request may have.
	maxTreasures = 2000
	// minHunts spreads the traffic over partitions.
	minHunts = 24
	// wrongEvery is how often a claim is a guess that is wrong: one of so many.
	wrongEvery = 5
	// worth is a treasure's points.
	worth = 10
	// preparing is how many requests are under way at once before the traffic begins.
	preparing = 16
	answer    = "x marks the spot"
)

// game is the hunts that are played, and what is asked next.
type game struct {
	options Options
	client  *client
	run     string   // names this run, so that its keys and hunts are no other's
	hunts   []string // their ids
	// treasures is their number in each hunt.
	treasures int64

	claims, requests atomic.Int64
}

// newGame is large enough for a number of claims.
func newGame(o Options, c *client, claims int64) *game {
	all := claims/perTreasure + 1
	hunts := max(minHunts, all/maxTreasures+1)
	return &game{
		options: o, client: c, run: strconv.FormatInt(time.Now().UnixNano(), 36),
		hunts: make([]string, hunts), treasures: all/hunts + 1,
	}
}

// prepare creates the hunts and lets their players join.
func (g *game) prepare(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(preparing)
	for i := range g.hunts {
		group.Go(func() error {
			var made struct{ ID string }
			if err := g.must(ctx, "/v1/hunts", fmt.Sprint(g.run, "-hunt-", i), g.plan(g.treasures), &made); err != nil {
				return fmt.Errorf("create a hunt: %w", err)
			}
			g.hunts[i] = made.ID
			for p := range players {
				if err := g.must(ctx, "/v1/hunts/"+made.ID+"/players", fmt.Sprint(g.run, "-join-", p), map[string]string{"player": player(int64(p))}, nil); err != nil {
					return fmt.Errorf("join hunt %s: %w", made.ID, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// prepareTries and prepareEvery bound the patience before the traffic: an engine may be starting.
const (
	prepareTries = 60
	prepareEvery = 250 * time.Millisecond
)

// must asks the first engine until it answers, with one key.
func (g *game) must(ctx context.Context, path, key string, body, into any) error {
	var last error
	for range prepareTries {
		status, err := g.client.ask(ctx, http.MethodPost, g.options.URLs[0]+path, key, body, into)
		switch {
		case err == nil && status < http.StatusMultipleChoices:
			return nil
		case err == nil && status < http.StatusInternalServerError:
			return fmt.Errorf("POST %s%s: status %d; is it an engine of this version?", g.options.URLs[0], path, status)
		case err == nil:
			err = fmt.Errorf("POST %s%s: status %d", g.options.URLs[0], path, status)
		}
		last = err
		select {
		case <-ctx.Done():
			return last
		case <-time.After(prepareEvery):
		}
	}
	return last
}

type newTreasure struct {
	ID     string `json:"id"`
	Place  string `json:"place"`
	Clue   string `json:"clue"`
	Points int    `json:"points"`
	Answer string `json:"answer"`
}

// plan returns a hunt with a number of treasures.
func (g *game) plan(treasures int64) any {
	list := make([]newTreasure, treasures)
	for i := range list {
		list[i] = newTreasure{ID: treasure(int64(i)), Place: "an island", Clue: "dig", Points: worth, Answer: answer}
	}
	return map[string]any{"name": "load " + g.run, "starts": time.Now().Add(-time.Minute), "ends": time.Now().Add(24 * time.Hour), "treasures": list}
}

func treasure(i int64) string { return fmt.Sprint("t", i) }
func player(i int64) string   { return fmt.Sprint("p", i) }

// ask is one request to send.
type ask struct {
	kind         Kind
	method, path string
	body         any
	// claim says who wants what, where the request is one.
	hunt, treasure, player string
}

// next returns the request with a number. The same numbers of the same seed ask for the same.
func (g *game) next(n int64) ask {
	rng := rand.New(rand.NewPCG(g.options.Seed, uint64(n))) //nolint:gosec // traffic, not secrets
	hunt := g.hunts[rng.IntN(len(g.hunts))]
	path, who := "/v1/hunts/"+hunt, player(rng.Int64N(players))
	switch g.options.Mix.pick(rng) {
	case Move:
		return ask{kind: Move, method: http.MethodPost, path: path + "/moves", body: map[string]any{"player": who, "x": rng.Float64(), "y": rng.Float64()}}
	case Leaderboard:
		return ask{kind: Leaderboard, method: http.MethodGet, path: path + "/leaderboard"}
	case Join:
		return ask{kind: Join, method: http.MethodPost, path: path + "/players", body: map[string]string{"player": who, "name": "who joined before"}}
	case Create:
		return ask{kind: Create, method: http.MethodPost, path: "/v1/hunts", body: g.plan(10)}
	case Claim:
	}
	return g.claim(rng)
}

// claim is for one treasure after the other, hunt after hunt, by perTreasure different players each.
func (g *game) claim(rng *rand.Rand) ask {
	number := g.claims.Add(1) - 1
	n := number / perTreasure
	who := player((n + number%perTreasure) % players)
	hunt, where, what := g.hunts[n%int64(len(g.hunts))], treasure(n/int64(len(g.hunts))%g.treasures), answer
	if rng.IntN(wrongEvery) == 0 {
		what = "a guess"
	}
	return ask{
		kind: Claim, method: http.MethodPost, path: "/v1/hunts/" + hunt + "/claims", hunt: hunt, treasure: where, player: who,
		body: map[string]string{"player": who, "treasure": where, "answer": what},
	}
}

// board returns the points of a hunt's players as an instance has them.
func (g *game) board(ctx context.Context) func(instance, hunt string) (map[string]int, error) {
	return func(instance, hunt string) (map[string]int, error) {
		var said struct {
			Players []struct {
				Player string
				Points int
			}
		}
		status, err := g.client.ask(ctx, http.MethodGet, instance+"/v1/hunts/"+hunt+"/leaderboard", "", nil, &said)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		points := make(map[string]int, len(said.Players))
		for _, p := range said.Players {
			points[p.Player] = p.Points
		}
		return points, err
	}
}

// claimsOf returns about how many claims the phases ask for.
func claimsOf(phases []lab.Phase, m Mix) int64 {
	var sum float64
	for _, p := range phases {
		sum += p.Duration.Seconds() * p.Rate
	}
	return int64(sum * m.share(Claim))
}
