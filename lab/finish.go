package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/veltrix/veltrix/settings"
)

// lastOfPhase is the end of a phase by which it is judged: the loop has had the time before it.
const lastOfPhase = 10 * time.Second

// result sums up a run that has been played to its end.
func (d *demo) result(ctx context.Context, start settings.Values) (Result, error) {
	decisions, err := d.journal(ctx)
	if err != nil {
		return Result{}, err
	}
	check, err := d.check(ctx)
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Environment: environment(d.rig.kafka, d.rig.prometheus, d.rig.etcd),
		Arm:         d.arm.Name, Begin: d.begin,
		Phases: d.phases, Decisions: decisions, Check: check,
		Start: start,
	}
	if err := d.fleet(ctx, &r); err != nil {
		return Result{}, err
	}
	r.End = d.rig.engines[0].runtime.Effective("")
	r.AsFound = d.asFound(r)
	r.Stretches = d.stretches()
	r.Objectives = d.objectives(r.Stretches[len(r.Stretches)-1].Figures)
	r.Whole, r.Seconds = d.whole(), d.seconds(decisions)
	return r, nil
}

// adoptedWithin is how long the last document may take to every instance: the tuner's own deadline for it is a minute.
const adoptedWithin = 20 * time.Second

// fleet notes what the document is at the end, and who runs it. A document that has just been written is on its way.
func (d *demo) fleet(ctx context.Context, r *Result) error {
	if d.rig.loop == nil {
		return nil
	}
	for give := time.Now().Add(adoptedWithin); ; {
		if err := d.look(ctx, r); err != nil {
			return err
		}
		if r.adopted() || time.Now().After(give) {
			return nil
		}
		if !sleepUntil(ctx, time.Now().Add(200*time.Millisecond)) {
			return ctx.Err()
		}
	}
}

func (d *demo) look(ctx context.Context, r *Result) error {
	snapshot, err := d.rig.loop.store.Read(ctx)
	if err != nil {
		return err
	}
	reports, err := d.rig.loop.store.Instances(ctx)
	if err != nil {
		return err
	}
	r.Generation, r.Instances = snapshot.Document.Generation, map[string]int64{}
	for _, i := range reports {
		r.Instances[i.ID] = i.Generation
	}
	return nil
}

// check compares what was acknowledged with the engines' leaderboards. A view follows the events a moment later, so it
// is asked again while something is missing.
func (d *demo) check(ctx context.Context) (CheckResult, error) {
	board := func(instance, hunt string) (map[string]int, error) { return d.players.board(ctx, instance, hunt) }
	for give := time.Now().Add(10 * time.Second); ; {
		result, err := d.ledger.Check(d.rig.urls(), board)
		if err != nil || len(result.Lost) == 0 || time.Now().After(give) {
			return result, err
		}
		if !sleepUntil(ctx, time.Now().Add(200*time.Millisecond)) {
			return result, ctx.Err()
		}
	}
}

// asFound returns the figures of the time before the first change, or of all the time if nothing was changed.
func (d *demo) asFound(r Result) Stretch {
	until := total(d.phases)
	if len(r.Decisions) > 0 {
		until = min(until, r.Decisions[0].Time.Sub(d.begin))
	}
	until = max(until.Truncate(time.Second), time.Second)
	return Stretch{Name: "as found", From: 0, To: until, Figures: d.recorder.Between(0, until)}
}

// stretches returns the last seconds of each phase.
func (d *demo) stretches() []Stretch {
	var all []Stretch
	var end time.Duration
	for _, p := range d.phases {
		end += p.Duration
		from := max(end-lastOfPhase, end-p.Duration)
		all = append(all, Stretch{Name: p.Name, From: from, To: end, Figures: d.recorder.Between(from, end)})
	}
	return all
}

// whole returns each phase from begin to end.
func (d *demo) whole() []Stretch {
	var all []Stretch
	var from time.Duration
	for _, p := range d.phases {
		to := from + p.Duration
		all = append(all, Stretch{Name: p.Name, From: from, To: to, Figures: d.recorder.Between(from, to)})
		from = to
	}
	return all
}

// objectives compares what the players themselves measured with what was promised.
func (d *demo) objectives(f Figures) []ObjectiveResult {
	p99, limit := f.P99Ms/1000, d.options.P99.Seconds()
	played := f.Requests > 0
	return []ObjectiveResult{
		{Name: "claim-p99 (seconds)", Value: p99, Max: limit, Met: played && p99 <= limit},
		{Name: "timeouts (percent)", Value: f.TimeoutPct, Max: d.options.TimeoutPercent, Met: played && f.TimeoutPct <= d.options.TimeoutPercent},
		{Name: "errors", Value: float64(f.failures()), Max: 0, Met: f.failures() == 0},
	}
}

// failures counts the requests that got no answer of the game for another reason than time.
func (f Figures) failures() int64 {
	return f.ByOutcome[OutcomeError] + f.ByOutcome[OutcomeOverload] + f.ByOutcome[OutcomeDropped]
}

// String is the figures in one line, for the log of a test.
func (s Stretch) String() string {
	return fmt.Sprintf("%s: %.0f/s, mean %s, p99 %s, %d timeouts", s.Name, s.PerSecond, ms(s.MeanMs), ms(s.P99Ms), s.Timeouts)
}
