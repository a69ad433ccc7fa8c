package hunt

import (
	"crypto/sha256"
	"encoding/hex"
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
	// ID is the client's; a repeated one gets the former answer.
	ID   string    `json:"id"`
	Hunt string    `json:"hunt"`
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"`

	Player   string `json:"player,omitempty"`
	Name     string `json:"name,omitempty"`
	Treasure string `json:"treasure,omitempty"`
	// Answer is the guess of a claim, as it was typed.
	Answer string `json:"answer,omitempty"`
	// X and Y are the position of a move.
	X float64 `json:"x,omitempty"`
	Y float64 `json:"y,omitempty"`
	// Plan is the hunt to create.
	Plan *Plan `json:"plan,omitempty"`
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
	ID     string `json:"id"`
	Place  string `json:"place"`
	Clue   string `json:"clue"`
	Points int    `json:"points"`
	// AnswerHash is [HashAnswer] of the right answer, which itself is never stored.
	AnswerHash string `json:"answer_hash"`
}

// HashAnswer returns the hash of an answer to a treasure of a hunt. Case and the blanks around and between words don't
// matter. The names of hunt and treasure are hashed with it, so that equal answers have different hashes.
func HashAnswer(hunt, treasure, answer string) string {
	normal := strings.ToLower(strings.Join(strings.Fields(answer), " "))
	sum := sha256.Sum256([]byte(hunt + "\x00" + treasure + "\x00" + normal))
	return hex.EncodeToString(sum[:])
}
