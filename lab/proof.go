package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/veltrix/veltrix/lab/stock"
	"github.com/veltrix/veltrix/settings"
)

// ProofProfile is the day of [Proof]: calm, five times that, calm, a slow broker, one that is restarted, and five times again.
const ProofProfile = "calm:25s@100,spike:40s@500,calm again:20s@100,slow broker:40s@100/slow,restart:30s@100/restart,second spike:40s@500"

// ProofOptions say what is compared.
type ProofOptions struct {
	// Run is how an arm is run; its Dir and Out are those of the whole.
	Run DemoOptions
	// Linger is the grid of static settings, in milliseconds of producer.linger.ms.
	Linger []int64
	// Rounds is how often every arm is played. Every round begins with another one.
	Rounds int
}

// DefaultProof is the comparison with everything real.
func DefaultProof() ProofOptions {
	run := DefaultDemo()
	run.Kafka, run.Prometheus = "real", "real"
	return ProofOptions{Run: run, Linger: []int64{0, 5, 20, 50}, Rounds: 2}
}

// ArmScore is one arm.
type ArmScore struct {
	Name string `json:"name"`
	// Of names the grid's arm that this one is; empty for an arm of its own.
	Of     string       `json:"of,omitempty"`
	Rounds int          `json:"rounds"`
	Phases []PhaseScore `json:"phases"`
}

// ProofResult is what the comparison found.
type ProofResult struct {
	Environment Environment        `json:"environment"`
	Promise     Promise            `json:"promise"`
	Phases      []Phase            `json:"phases"`
	Arms        []ArmScore         `json:"arms"`
	Ratios      map[string]float64 `json:"ratios"`
	// Runs are the single runs, in their order.
	Runs []Result `json:"-"`
}

// Names of the arms.
const (
	armStock   = "stock"
	armVeltrix = "veltrix"
	armHand    = "hand"
	armOracle  = "oracle"
)

// arms are those that are played: stock is kafka-go's own Writer and Reader, the grid the live client with static settings,
// and veltrix the live client that begins with stock's settings, under the loop.
func (o ProofOptions) arms() []Arm {
	all := []Arm{{Name: armStock, Client: stock.Client{}, Own: asFound()}, {Name: armVeltrix, Own: asFound(), Loop: true}}
	for _, ms := range o.Linger {
		own := asFound()
		own[settings.ProducerLingerMs] = settings.Number(ms)
		all = append(all, Arm{Name: gridName(ms), Own: own})
	}
	return all
}

func gridName(ms int64) string { return fmt.Sprintf("linger %d ms", ms) }

// Proof plays the same day with every arm, on one Kafka, and compares them. What had been played when ctx ended, or an arm
// failed, is in the result too.
func Proof(ctx context.Context, o ProofOptions) (result ProofResult, err error) {
	dir, remove, err := workDir(o.Run.Dir)
	if err != nil {
		return result, err
	}
	defer remove()
	progress := NewProgress(o.Run.Out)
	progress.Say("starting Kafka (%s) …", o.Run.Kafka)
	k, err := startFronted(ctx, o.Run.Kafka, fakeBroker(), filepath.Join(dir, "kafka"))
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, k.Stop()) }()
	arms := o.arms()
	length := (total(o.Run.Phases) + 15*time.Second) * time.Duration(o.Rounds*len(arms))
	progress.Say("%d arms, %d rounds: about %s", len(arms), o.Rounds, length.Round(time.Minute))
	result.Promise = Promise{P99Ms: o.Run.P99.Seconds() * 1000, TimeoutPct: o.Run.TimeoutPercent}
	result.Phases = o.Run.Phases
	for round := range o.Rounds {
		for i := range arms {
			arm := arms[(round+i)%len(arms)]
			progress.Say("\n═══ round %d of %d: %s", round+1, o.Rounds, arm.Name)
			run := o.Run
			run.Dir = filepath.Join(dir, fmt.Sprintf("%d-%d", round+1, i+1))
			r, err := play(ctx, run, arm, k)
			if err != nil {
				return result.compare(), fmt.Errorf("arm %s: %w", arm.Name, err)
			}
			r.Table(o.Run.Out)
			result.Environment, result.Runs = r.Environment, append(result.Runs, r)
		}
	}
	return result.compare(), nil
}

// Err returns nil if the loop kept its promise in the end of every round, and nothing that any arm acknowledged is missing; else an
// error that names each failure. Figures are no failures.
func (r ProofResult) Err() error {
	var failed []error
	for _, run := range r.Runs {
		err := run.Check.Err()
		if run.Arm == armVeltrix {
			err = run.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("arm %s: %w", run.Arm, err))
		}
	}
	return errors.Join(failed...)
}

// Write stores the result as JSON in file.
func (r ProofResult) Write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil { //nolint:gosec // a report, made to be read by others
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

const proofFormat = "%-14s %-14s %8s %9s %9s %9s %9s %10s %9s %8s\n"

// Table writes phases by arms as people read them.
func (r ProofResult) Table(out io.Writer) {
	fmt.Fprintf(out, "\n"+proofFormat, "phase", "arm", "ok/s", "mean", "p99", "timeouts", "requests", "to object.", "out of it", "changes")
	for i, phase := range r.Phases {
		for _, arm := range r.Arms {
			if i >= len(arm.Phases) {
				continue
			}
			p := arm.Phases[i]
			to := "never"
			if p.ToObjective != nil {
				to = fmt.Sprintf("%.0f s", *p.ToObjective)
			}
			fmt.Fprintf(out, proofFormat, phase.Name, arm.Name, fmt.Sprintf("%.0f", p.Throughput), ms(p.MeanMs), ms(p.P99Ms),
				fmt.Sprintf("%.0f", p.Timeouts), fmt.Sprintf("%.0f/s", p.Requests), to, fmt.Sprintf("%.1f s", p.Out), fmt.Sprintf("%.1f", p.Changes))
		}
	}
	for _, arm := range r.Arms {
		if arm.Of != "" {
			fmt.Fprintf(out, "%s is %s\n", arm.Name, arm.Of)
		}
	}
	fmt.Fprintln(out)
	for _, name := range sortedKeys(r.Ratios) {
		fmt.Fprintf(out, "  %-44s %.4g\n", name, r.Ratios[name])
	}
}

// before orders scores: first by the seconds out of the objective, then by what the answers cost the broker.
func before(a, b PhaseScore) int {
	return cmp.Or(cmp.Compare(a.Out, b.Out), cmp.Compare(costOf(a), costOf(b)))
}
