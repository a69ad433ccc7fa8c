package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// game is the size of the hunts that the players play. Hunts are made before the traffic begins, with treasures enough
// for every claim of the run.
type game struct {
	hunts, players int
}

// Player traffic: most claims are right, and every guessEvery-th is a guess that the game answers with "wrong".
const (
	defaultHunts   = 24
	defaultPlayers = 8
	guessEvery     = 10
	treasurePoints = 10
	// patience is how long a player waits for an answer beyond the engine's own deadline.
	patience = 3 * time.Second
)

// Players send claims to the engines in turn and record what becomes of them.
type Players struct {
	urls     []string
	client   *http.Client
	recorder *Recorder
	ledger   *Ledger

	run   string   // names this run, so that the hunts of an earlier one on the same Kafka are not these
	hunts []string // their ids
	next  atomic.Int64
	size  game
}

func newPlayers(urls []string, recorder *Recorder, ledger *Ledger) *Players {
	transport := &http.Transport{MaxIdleConnsPerHost: maxWaiting, MaxConnsPerHost: maxWaiting}
	return &Players{
		run: runName(), urls: urls, client: &http.Client{Transport: transport, Timeout: patience}, recorder: recorder, ledger: ledger,
		size: game{hunts: defaultHunts, players: defaultPlayers},
	}
}

// runName returns a name that no earlier run had.
func runName() string { return strconv.FormatInt(time.Now().UnixMilli(), 36) }

// close lets go of the connections.
func (p *Players) close() { p.client.CloseIdleConnections() }

// newHunt and the types below are the engine's API as a client writes it.
type newHunt struct {
	Name      string        `json:"name"`
	Starts    time.Time     `json:"starts"`
	Ends      time.Time     `json:"ends"`
	Treasures []newTreasure `json:"treasures"`
}

type newTreasure struct {
	ID     string `json:"id"`
	Place  string `json:"place"`
	Clue   string `json:"clue"`
	Points int    `json:"points"`
	Answer string `json:"answer"`
}

type joinRequest struct {
	Player string `json:"player"`
	Name   string `json:"name"`
}

type claimRequest struct {
	Player   string `json:"player"`
	Treasure string `json:"treasure"`
	Answer   string `json:"answer"`
}

type leaderboard struct {
	Players []struct {
		Player string `json:"player"`
		Points int    `json:"points"`
	} `json:"players"`
}

func treasureID(i int64) string { return fmt.Sprintf("t%d", i) }
func playerID(i int64) string   { return fmt.Sprintf("p%d", i) }

const answer = "x marks the spot"

// prepare makes the hunts and lets the players join, with treasures for claims claims.
func (p *Players) prepare(ctx context.Context, claims int64) error {
	perHunt := claims/int64(p.size.hunts) + 1
	p.hunts = make([]string, p.size.hunts)
	group, ctx := errgroup.WithContext(ctx)
	for h := range p.size.hunts {
		group.Go(func() error {
			id, err := p.hide(ctx, h, perHunt)
			p.hunts[h] = id
			return err
		})
	}
	return group.Wait()
}

// hide makes one hunt and lets its players join, and returns its id.
func (p *Players) hide(ctx context.Context, number int, treasures int64) (string, error) {
	hunt := newHunt{Name: fmt.Sprintf("hunt %d", number), Starts: time.Now().Add(-time.Minute), Ends: time.Now().Add(24 * time.Hour)}
	for i := range treasures {
		hunt.Treasures = append(hunt.Treasures, newTreasure{
			ID: treasureID(i), Place: "an island", Clue: "dig", Points: treasurePoints, Answer: answer,
		})
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := p.mustPost(ctx, "/v1/hunts", fmt.Sprintf("%s-hunt-%d", p.run, number), hunt, &made); err != nil {
		return "", fmt.Errorf("create a hunt: %w", err)
	}
	joining, ctx := errgroup.WithContext(ctx)
	for i := range p.size.players {
		joining.Go(func() error {
			player := playerID(int64(i))
			return p.mustPost(ctx, "/v1/hunts/"+made.ID+"/players", made.ID+"-"+player, joinRequest{Player: player, Name: "a player"}, nil)
		})
	}
	if err := joining.Wait(); err != nil {
		return "", fmt.Errorf("join hunt %s: %w", made.ID, err)
	}
	return made.ID, nil
}

// claim sends the next claim: treasure after treasure, hunt after hunt, player after player.
func (p *Players) claim(ctx context.Context, due time.Time) {
	n := p.next.Add(1) - 1
	hunt := p.hunts[n%int64(len(p.hunts))]
	c := claimRequest{
		Player:   playerID(n % int64(p.size.players)),
		Treasure: treasureID(n / int64(len(p.hunts))),
		Answer:   answer,
	}
	if n%guessEvery == guessEvery-1 {
		c.Answer = "a guess"
	}
	url := p.urls[n%int64(len(p.urls))] + "/v1/hunts/" + hunt + "/claims"
	status, err := p.post(ctx, url, "", c, nil)
	p.recorder.Record(due, time.Since(due), outcomeOf(status, err))
	if status == http.StatusOK {
		p.ledger.Won(hunt, c.Treasure, c.Player, treasurePoints)
	}
}

// outcomeOf sorts an answer. A lost race (409) and a wrong guess (422) are answers of the game.
func outcomeOf(status int, err error) Outcome {
	switch {
	case isTimeout(err), status == http.StatusGatewayTimeout:
		return OutcomeTimeout
	case err != nil:
		return OutcomeError
	case status == http.StatusServiceUnavailable:
		return OutcomeOverload
	case status == http.StatusOK, status == http.StatusConflict, status == http.StatusUnprocessableEntity:
		return OutcomeOK
	}
	return OutcomeError
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// mustPost posts to the first engine and repeats the same command while its answer is late: with the settings that the lab
// begins with, it always is.
func (p *Players) mustPost(ctx context.Context, path, key string, body, into any) error {
	const tries = 30
	var last error
	for range tries {
		status, err := p.post(ctx, p.urls[0]+path, key, body, into)
		switch {
		case err == nil && status < http.StatusMultipleChoices:
			return nil
		case err == nil:
			last = fmt.Errorf("POST %s: status %d", path, status)
		default:
			last = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return last
}

// post sends body; a key that is not empty makes a repeated request the same command.
func (p *Players) post(ctx context.Context, url, key string, body, into any) (int, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return p.do(req, into)
}

func (p *Players) do(req *http.Request, into any) (int, error) {
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if into != nil && resp.StatusCode < http.StatusMultipleChoices {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			return resp.StatusCode, fmt.Errorf("read the answer of %s: %w", req.URL.Path, err)
		}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// board returns the points of a hunt's players as one engine has them.
func (p *Players) board(ctx context.Context, url, hunt string) (map[string]int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/hunts/"+hunt+"/leaderboard", nil)
	if err != nil {
		return nil, err
	}
	var l leaderboard
	status, err := p.do(req, &l)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("status %d", status)
	}
	points := make(map[string]int, len(l.Players))
	for _, row := range l.Players {
		points[row.Player] = row.Points
	}
	return points, nil
}
