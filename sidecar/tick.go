package sidecar

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// ground is what is stored when a tick begins.
type ground struct {
	snapshot store.Snapshot
	fleet    []settings.Report
	state    tuner.State
}

// tick is one turn of the loop. Without a term it writes nothing: shadow.
func (s *Sidecar) tick(ctx context.Context, now time.Time, term *store.Term) {
	steps := s.metrics.startTick()
	set := s.rules.Load()

	stored, err := s.read(ctx, term)
	steps.done("read")
	if err != nil {
		s.fail(now, "read", err)
		return
	}
	measured := s.measure(ctx, now, set, stored.state.Rules)
	steps.done("measure")
	evaluation := set.set.Evaluate(now, stored.state.Rules, measured)
	steps.done("evaluate")
	cfg, input := s.config.tuner(set.longest), s.input(now, stored, measured, evaluation)
	stored.state.Rules = evaluation.States
	state, decision := tuner.Decide(cfg, stored.state, input)
	steps.done("decide")
	committed := s.commit(ctx, term, stored.snapshot, state, decision)
	steps.done("commit")
	s.report(turn{
		now: now, set: set, cfg: cfg, before: stored, input: input, evaluation: evaluation,
		state: state, decision: decision, leading: term != nil, err: committed,
	})
	steps.done("report")
}

// read takes in what is stored. The tuner's state is the stored one for a leader, and the sidecar's own in shadow.
func (s *Sidecar) read(ctx context.Context, term *store.Term) (ground, error) {
	snapshot, err := s.store.Read(ctx)
	if err != nil {
		return ground{}, err
	}
	fleet, err := s.store.Instances(ctx)
	if err != nil {
		return ground{}, err
	}
	g := ground{snapshot: snapshot, fleet: fleet, state: s.shadow}
	if term != nil {
		if snapshot.StateErr != nil {
			return ground{}, fmt.Errorf("the stored state can't be used, and deciding without it could repeat what failed: %w", snapshot.StateErr)
		}
		g.state = snapshot.State
	}
	return g, nil
}

// measure asks every expression of the rules that are due and of the configuration, each once.
func (s *Sidecar) measure(ctx context.Context, now time.Time, set *ruleset, states map[string]tuner.RuleState) map[string]rules.Result {
	exprs := set.set.Queries(now, states)
	for _, expr := range s.exprs {
		exprs = append(exprs, expr)
	}
	slices.Sort(exprs)
	exprs = slices.Compact(exprs)
	return s.asker.ask(ctx, exprs, now.Add(-time.Duration(s.config.Prometheus.QueryOffset)))
}

// input is everything that the decision may look at.
func (s *Sidecar) input(now time.Time, g ground, measured map[string]rules.Result, e rules.Evaluation) tuner.Input {
	reading := func(name string) tuner.Reading { return rules.Reading(measured[s.exprs[name]], now, 0) }
	in := tuner.Input{
		Now: now.UTC(), Signals: e.Signals, Objectives: map[string]tuner.Reading{}, Load: reading(exprLoad),
		Fleet: g.fleet, Document: g.snapshot.Document, Hold: g.snapshot.Hold,
		DecisionID: ulid.MustNew(ulid.Timestamp(now), rand.Reader).String(),
	}
	for _, o := range s.config.Objectives {
		in.Objectives[o.Name] = reading(exprObjective + o.Name)
	}
	if s.config.Optimize != nil {
		in.Goal = reading(exprOptimize)
	}
	if err := g.snapshot.DocumentErr; err != nil {
		in.DocumentError = err.Error()
	}
	return in
}

// commit writes the state, and with a change the document and its journal entry, in one transaction. In shadow it keeps the
// state in memory.
func (s *Sidecar) commit(ctx context.Context, term *store.Term, seen store.Snapshot, state tuner.State, d tuner.Decision) error {
	if term == nil {
		s.shadow = state
		return nil
	}
	change := store.Change{
		State: state, SettingsRevision: seen.SettingsRevision, TunerRevision: seen.TunerRevision, Revision: seen.Revision,
	}
	if d.Changes() {
		change.Document, change.Decision = d.Next, &d
	}
	begin := time.Now()
	err := s.store.Commit(ctx, *term, change)
	s.metrics.commitDuration.Observe(time.Since(begin).Seconds())
	if errors.Is(err, store.ErrConflict) {
		s.metrics.commitConflicts.Inc()
	}
	return err
}

// fail reports a tick that came to no decision.
func (s *Sidecar) fail(now time.Time, step string, err error) {
	s.metrics.tickFailures.WithLabelValues(step).Inc()
	s.log.Warn("tick without a decision; nothing was written", zap.String("step", step), zap.Error(err))
	status := *s.status.Load()
	status.Time, status.Problem = now, fmt.Sprintf("%s: %s", step, err)
	s.status.Store(&status)
}

// follow keeps the status of a sidecar that doesn't lead up to date.
func (s *Sidecar) follow(ctx context.Context, now time.Time) {
	stored, err := s.read(ctx, nil)
	if err != nil {
		s.fail(now, "read", err)
		return
	}
	status := Status{
		App: s.config.App, ID: s.id, Mode: s.config.Mode, Time: now, LastGood: now,
		Document: stored.snapshot.Document, Instances: stored.fleet, Hold: stored.snapshot.Hold,
	}
	status.Trial = stored.snapshot.State.Trial
	s.status.Store(&status)
	s.metrics.followed(stored)
}
