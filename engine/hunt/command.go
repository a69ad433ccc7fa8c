package hunt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Kind is what a command asks for.
type Kind string

// The kinds of commands.
const (
	Create Kind = "create"
	Join   Kind = "join"
	Move   Kind = "move"
	Claim  Kind = "claim"
	Finish Kind = "finish"
)

// Command is what somebody asks for.
type Command struct {
	// ID is the client's; a repeated one gets the former answer. It counts within the hunt.
	ID   string `json:"id"`
	Hunt string `json:"hunt"`
	Kind Kind   `json:"kind"`
	// Time is when it was asked, by the clock of the instance that took it.
	Time time.Time `json:"time"`
	// Digest stands for everything that is asked, see [Command.Sealed].
	Digest string `json:"digest,omitempty"`

	Player   string `json:"player,omitempty"`
	Name     string `json:"name,omitempty"`
	Treasure string `json:"treasure,omitempty"`
	// Guess is [HashAnswer] of the answer of a claim; what was typed goes into no log.
	Guess string `json:"guess,omitempty"`
	// X and Y are the position of a move.
	X float64 `json:"x,omitempty"`
	Y float64 `json:"y,omitempty"`
	// Plan is the hunt to create.
	Plan *Plan `json:"plan,omitempty"`
}

// Sealed returns the command with its digest, which is the same for two commands if they ask for the same, whatever their
// ids and times. It fails only for numbers that JSON doesn't have.
func (c Command) Sealed() (Command, error) {
	asked := c
	asked.ID, asked.Time, asked.Digest = "", time.Time{}, ""
	b, err := json.Marshal(asked)
	if err != nil {
		return c, err
	}
	sum := sha256.Sum256(b)
	c.Digest = hex.EncodeToString(sum[:16])
	return c, nil
}

// Plan is a hunt before it is played.
type Plan struct {
	Name      string     `json:"name"`
	Starts    time.Time  `json:"starts"`
	Ends      time.Time  `json:"ends"`
	Treasures []Treasure `json:"treasures"`
}

// Treasure is one thing to find.
type Treasure struct {
	ID    string `json:"id"`
	Place string `json:"place"`
	Clue  string `json:"clue"`
	// Points are what its winner gets, 0 to [MaxPoints].
	Points int `json:"points"`
	// AnswerHash is [HashAnswer] of the right answer, which itself is never stored.
	AnswerHash string `json:"answer_hash"`
}

// good says whether a plan can be played: a window that ends after it starts, and treasures with different names.
func (p *Plan) good() bool {
	if p.Name == "" || !p.Ends.After(p.Starts) || len(p.Treasures) == 0 {
		return false
	}
	seen := make(map[string]bool, len(p.Treasures))
	for _, t := range p.Treasures {
		if t.ID == "" || seen[t.ID] || t.Points < 0 || t.Points > MaxPoints || t.AnswerHash == "" {
			return false
		}
		seen[t.ID] = true
	}
	return true
}

// HashAnswer returns the hash of an answer to a treasure of a hunt. Case and the blanks around and between words don't
// matter. The names of hunt and treasure are hashed with it, so that equal answers have different hashes.
func HashAnswer(hunt, treasure, answer string) string {
	normal := strings.ToLower(strings.Join(strings.Fields(answer), " "))
	sum := sha256.Sum256([]byte(hunt + "\x00" + treasure + "\x00" + normal))
	return hex.EncodeToString(sum[:])
}
