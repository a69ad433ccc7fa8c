package sidecar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/veltrix/veltrix/tuner"
)

// LogEntry is one line of the decision log: what the decision was made of, and the decision. With the configuration and the
// state of an earlier line where it has none of its own, it can be made again.
type LogEntry struct {
	// RulesHash is that of the rule files' texts.
	RulesHash string `json:"rules_hash"`
	// Config and State are left out where they are those of the line before: its configuration, and the state that its decision left.
	Config *tuner.Config `json:"config,omitempty"`
	State  *tuner.State  `json:"state,omitempty"`
	// Rules are the rules' states at this line, which the state leaves out.
	Rules map[string]tuner.RuleState `json:"rules,omitempty"`
	Input tuner.Input                `json:"input"`
	// Decision is what was decided, Written whether it could be written; in shadow it never is.
	Decision tuner.Decision `json:"decision"`
	Written  bool           `json:"written"`
}

// wholeEvery is the number of lines after which the state is written in full again, so that a rotated file can be replayed
// from near its begin.
const wholeEvery = 100

// decisionLog writes the log. Only the ticking goroutine uses it.
type decisionLog struct {
	out    io.WriteCloser // nil: no log
	config []byte         // of the line before
	state  []byte         // that the line before left
	lines  int
}

func openDecisionLog(c DecisionLogConfig) (*decisionLog, error) {
	if c.File == "" {
		return &decisionLog{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(c.File), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the decision log: %w", err)
	}
	out, err := openRotating(c.File, int64(c.MaxSizeMB)<<20, c.MaxBackups)
	if err != nil {
		return nil, fmt.Errorf("open the decision log: %w", err)
	}
	return &decisionLog{out: out}, nil
}

// forget makes the next line whole: what comes before it may have been decided by somebody else.
func (l *decisionLog) forget() { l.config, l.state = nil, nil }

func (l *decisionLog) write(t turn) error {
	if l.out == nil {
		return nil
	}
	e := LogEntry{
		RulesHash: t.set.hash, Rules: t.before.state.Rules, Input: t.input, Decision: t.decision,
		Written: t.leading && t.err == nil,
	}
	ground, left := t.before.state, t.state
	ground.Rules, left.Rules = nil, nil
	config, err1 := json.Marshal(t.cfg)
	before, err2 := tuner.EncodeState(ground)
	after, err3 := tuner.EncodeState(left)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("encode the decision's ground: %w", err)
	}
	whole := l.lines%wholeEvery == 0
	if whole || !bytes.Equal(config, l.config) {
		e.Config = &t.cfg
	}
	if whole || !bytes.Equal(before, l.state) {
		e.State = &ground
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode the decision: %w", err)
	}
	if _, err := l.out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the decision: %w", err)
	}
	l.config, l.state = config, after
	l.lines++
	return nil
}

func (l *decisionLog) close() error {
	if l.out == nil {
		return nil
	}
	return l.out.Close()
}

// Replay reads a decision log and makes each decision again. It calls differs for every line whose decision comes out
// another than it was, and returns the number of lines that were compared. A log whose first line lacks configuration or
// state, as one that begins in the middle may, is skipped up to the first whole line.
func Replay(log io.Reader, differs func(line int, was, now tuner.Decision)) (int, error) {
	var config *tuner.Config
	var state *tuner.State
	compared := 0
	dec := json.NewDecoder(log)
	for line := 1; ; line++ {
		var e LogEntry
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return compared, nil
		} else if err != nil {
			return compared, fmt.Errorf("line %d of the decision log: %w", line, err)
		}
		if e.Config != nil {
			config = e.Config
		}
		if e.State != nil {
			state = e.State
		}
		if config == nil || state == nil {
			continue
		}
		ground := *state
		ground.Rules = e.Rules
		next, now := tuner.Decide(*config, ground, e.Input)
		if !sameDecision(e.Decision, now) {
			differs(line, e.Decision, now)
		}
		compared++
		next.Rules = nil
		state = &next
	}
}

// sameDecision compares what the log holds of two decisions.
func sameDecision(a, b tuner.Decision) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
