package hunt

import "time"

// Outcome is what became of a command.
type Outcome string

// The outcomes of commands.
const (
	Created  Outcome = "created"
	Joined   Outcome = "joined"
	Moved    Outcome = "moved"
	Won      Outcome = "won"
	Taken    Outcome = "taken" // somebody else has the treasure
	Wrong    Outcome = "wrong" // the answer is not the right one; it cost an attempt
	Finished Outcome = "finished"
	Refused  Outcome = "refused" // see the reason
)

// Reason says why a command was refused.
type Reason string

// The reasons of refusals.
const (
	NoHunt     Reason = "no_such_hunt"
	NoPlayer   Reason = "no_such_player"
	NoTreasure Reason = "no_such_treasure"
	HuntExists Reason = "hunt_exists"
	NotStarted Reason = "not_started"
	Over       Reason = "over"
	NoAttempts Reason = "no_attempts_left"
	BadPlan    Reason = "bad_plan"
	IDReused   Reason = "command_id_reused" // the id was used in this hunt to ask for something else
	Unknown    Reason = "unknown_command"
)

// Event is what happened: the answer to one command.
type Event struct {
	// Command and Digest are the command's id and digest.
	Command string    `json:"command"`
	Digest  string    `json:"digest,omitempty"`
	Hunt    string    `json:"hunt"`
	Kind    Kind      `json:"kind"`
	Time    time.Time `json:"time"`
	Outcome Outcome   `json:"outcome"`
	Reason  Reason    `json:"reason,omitempty"`

	Player   string `json:"player,omitempty"`
	Name     string `json:"name,omitempty"`
	Treasure string `json:"treasure,omitempty"`
	// Points are what the player got by a win.
	Points int     `json:"points,omitempty"`
	X      float64 `json:"x,omitempty"`
	Y      float64 `json:"y,omitempty"`
	Plan   *Plan   `json:"plan,omitempty"`
	// Attempts are those left for the treasure after a wrong answer.
	Attempts int `json:"attempts_left,omitempty"`
}

// eventOf returns the event of a command without its outcome. It says all that the command does, also if it repeats one
// whose event never reached the log.
func eventOf(c Command) Event {
	return Event{
		Command: c.ID, Digest: c.Digest, Hunt: c.Hunt, Kind: c.Kind, Time: c.Time,
		Player: c.Player, Name: c.Name, Treasure: c.Treasure, X: c.X, Y: c.Y, Plan: c.Plan,
	}
}

// refuse returns the event with a refusal for an outcome, and without what is of no use then.
func (e Event) refuse(r Reason) Event {
	e.Outcome, e.Reason, e.Points, e.Attempts, e.Plan = Refused, r, 0, 0, nil
	return e
}
