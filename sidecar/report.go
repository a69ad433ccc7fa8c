package sidecar

import (
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// turn is a tick that came to a decision.
type turn struct {
	now        time.Time
	set        *ruleset
	cfg        tuner.Config
	before     ground
	input      tuner.Input
	evaluation rules.Evaluation
	state      tuner.State
	decision   tuner.Decision
	leading    bool
	err        error // of the commit
}

// Status is what the loop knows and did last, for the API and the page.
type Status struct {
	App     string     `json:"app"`
	ID      string     `json:"id"`
	Mode    tuner.Mode `json:"mode"`
	Leading bool       `json:"leading"`
	// Time is the last tick's, LastGood the last one's that reached a decision and could write it.
	Time     time.Time `json:"time,omitzero"`
	LastGood time.Time `json:"last_good,omitzero"`
	// Problem says why the last tick came to nothing; empty if it did not.
	Problem string `json:"problem,omitempty"`
	// Decision is the last tick's, written or not; LastChange the last that changed something in this process.
	Decision   *tuner.Decision    `json:"decision,omitempty"`
	LastChange *tuner.Decision    `json:"last_change,omitempty"`
	Trial      *tuner.Trial       `json:"trial,omitempty"`
	Hold       *tuner.Hold        `json:"hold,omitempty"`
	Document   settings.Document  `json:"document,omitzero"`
	Instances  []settings.Report  `json:"instances,omitempty"`
	Objectives []tuner.Objective  `json:"objectives,omitempty"`
	Rules      []rules.RuleStatus `json:"-"`
	Files      map[string]string  `json:"bad_rule_files,omitempty"`
}

// report tells log, metrics, decision log and status of a turn.
func (s *Sidecar) report(t turn) {
	s.metrics.turned(t)
	if err := s.record.write(t); err != nil {
		s.log.Error("decision log", zap.Error(err))
	}
	if t.err != nil {
		s.fail(t.now, "commit", t.err)
		return
	}
	s.say(t.decision)
	former := s.status.Load()
	status := Status{
		App: s.config.App, ID: s.id, Mode: s.config.Mode, Leading: t.leading, Time: t.now, LastGood: t.now,
		Decision: &t.decision, LastChange: former.LastChange, Trial: t.state.Trial, Hold: t.input.Hold,
		Document: t.input.Document, Instances: t.input.Fleet, Objectives: t.cfg.Objectives, Rules: t.evaluation.Rules,
	}
	if t.decision.Changes() {
		status.LastChange = &t.decision
		if t.leading {
			s.notes.tell(t.decision)
			status.Document = *t.decision.Next
		}
	}
	for name, err := range t.set.failed {
		if status.Files == nil {
			status.Files = map[string]string{}
		}
		status.Files[name] = err.Error()
	}
	s.status.Store(&status)
}

// say logs a decision that changes something, and one that doesn't only if its reason is another than the last one's.
func (s *Sidecar) say(d tuner.Decision) {
	if d.Changes() || d.Reason != s.said {
		s.log.Info(d.String(), zap.String("decision", d.ID), zap.Int64("generation", d.NextGeneration), zap.Bool("changes", d.Changes()))
	}
	s.said = d.Reason
}

// Status returns what the loop knows now.
func (s *Sidecar) Status() Status { return *s.status.Load() }

// readyWithin is the number of intervals after which a loop that came to no decision is not ready any more.
const readyWithin = 3

// Ready returns nil if the last ticks worked, and else what is wrong.
func (s *Sidecar) Ready(now time.Time) error {
	status := s.status.Load()
	if status.Problem != "" && now.Sub(status.LastGood) > readyWithin*time.Duration(s.config.Interval) {
		return notReady(status.Problem)
	}
	return nil
}

type notReady string

func (n notReady) Error() string { return string(n) }

// blindRules returns the names of the rules that have no usable answer.
func blindRules(all []rules.RuleStatus) []string {
	var names []string
	for i := range all {
		if !all[i].BlindSince.IsZero() {
			names = append(names, all[i].Rule)
		}
	}
	slices.Sort(names)
	return names
}
