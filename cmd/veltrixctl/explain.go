package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// errNoDecision says that the journal has no such decision.
var errNoDecision = errors.New("the journal has no such decision")

func explainCommand() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "explain [DECISION] --app NAME",
		Short: "Tell why something was changed, and what came of it",
		Long: `Tell why something was changed: what was seen, what each rule that fired said, which limits
spoke, what was written, and what came of it. DECISION is its identifier, or the number of
the generation that it wrote; without one it is the newest change.

Ticks that changed nothing are not in the journal; the sidecar's decision log has them.`,
		Example: `  veltrixctl explain --app hunt-engine
  veltrixctl explain 42 --app hunt-engine
  veltrixctl explain 01JD2Z7Q8GQ9M1W3V5X7Y9A1BC --app hunt-engine --output json`,
		Args:    cobra.MaximumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			var e explanation
			err := c.with(cmd.Context(), func(ctx context.Context, s *store.Store) (err error) {
				e, err = explain(ctx, s, strings.Join(args, ""))
				return err
			})
			if err != nil {
				return err
			}
			return c.show(cmd.OutOrStdout(), e, e.text)
		},
	}
	c.flags(cmd)
	return cmd
}

// explanation is a decision and what came of it.
type explanation struct {
	Decision tuner.Decision `json:"decision"`
	// Outcome is one of in force, on trial, taken back, followed.
	Outcome string `json:"outcome"`
	// Next is the change that came after it; nil if none has.
	Next *tuner.Decision `json:"next,omitempty"`
	// Trial is the trial that still runs of it.
	Trial *tuner.Trial `json:"trial,omitempty"`
}

// explain looks for a decision by its identifier or its generation, from the newest on.
func explain(ctx context.Context, s *store.Store, which string) (explanation, error) {
	snapshot, err := s.Read(ctx)
	if err != nil {
		return explanation{}, err
	}
	var next *tuner.Decision
	for page := (store.Page{Limit: mostHistory}); ; {
		decisions, err := s.Journal(ctx, page)
		if err != nil {
			return explanation{}, err
		}
		for i := range decisions {
			d := &decisions[i]
			if which == "" && len(d.Steps) > 0 || which == d.ID || which != "" && which == fmt.Sprint(d.NextGeneration) && d.NextGeneration != d.Generation {
				return explained(*d, next, snapshot.State.Trial), nil
			}
			if d.NextGeneration != d.Generation {
				next = d
			}
		}
		if len(decisions) < page.Limit {
			return explanation{}, fmt.Errorf("%q: %w; `veltrixctl status` and `settings history` list what is there", which, errNoDecision)
		}
		page.Before = decisions[len(decisions)-1].ID
	}
}

func explained(d tuner.Decision, next *tuner.Decision, trial *tuner.Trial) explanation {
	e := explanation{Decision: d, Next: next, Outcome: "in force"}
	switch {
	case next != nil && strings.HasPrefix(string(next.Reason), "TakenBack"):
		e.Outcome = "taken back"
	case next != nil:
		e.Outcome = "followed"
	case trial != nil && trial.Decision == d.ID:
		e.Outcome, e.Trial = "on trial", trial
	}
	return e
}

func (e explanation) text(out io.Writer) error {
	d := e.Decision
	var b strings.Builder
	fmt.Fprintf(&b, "decision %s of %s\n", d.ID, clock(d.Time))
	fmt.Fprintf(&b, "\nwhat was done, and why\n  %s", d.Reason)
	if d.Rule != "" {
		fmt.Fprintf(&b, " by rule %s", d.Rule)
	}
	if d.Detail != "" {
		fmt.Fprintf(&b, ": %s", d.Detail)
	}
	b.WriteByte('\n')
	for _, step := range d.Steps {
		fmt.Fprintf(&b, "  %s\n", step)
	}
	fmt.Fprintf(&b, "  generation %d → %d\n", d.Generation, d.NextGeneration)
	seen(&b, d.Evidence)
	if len(d.Overruled) > 0 {
		b.WriteString("\nwhat was asked for and not done\n")
		for _, o := range d.Overruled {
			fmt.Fprintf(&b, "  %s", o)
			if o.Detail != "" {
				fmt.Fprintf(&b, ": %s", o.Detail)
			}
			b.WriteByte('\n')
		}
	}
	e.cameOf(&b)
	_, err := io.WriteString(out, plain(b.String()))
	return err
}

// seen lists the readings that a decision stands on.
func seen(b *strings.Builder, e tuner.Evidence) {
	if len(e.Objectives) == 0 && !e.Load.OK && e.Load.Why == "" {
		return // a person's write stands on nothing that the loop saw
	}
	b.WriteString("\nwhat was seen\n")
	fmt.Fprintf(b, "  load: %s\n", reading(e.Load))
	for _, name := range slices.Sorted(maps.Keys(e.Objectives)) {
		fmt.Fprintf(b, "  objective %s: %s\n", name, reading(e.Objectives[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Rules)) {
		fmt.Fprintf(b, "  rule %s fired with %.4g\n", name, e.Rules[name])
	}
	fmt.Fprintf(b, "  %s\n", plural(e.Instances, "instance"))
}

func reading(r tuner.Reading) string {
	if r.OK {
		return fmt.Sprintf("%.4g", r.Value)
	}
	return "no usable value: " + cmp.Or(r.Why, "nobody read it")
}

// cameOf says what happened to the change.
func (e explanation) cameOf(b *strings.Builder) {
	b.WriteString("\nwhat came of it\n")
	switch {
	case e.Trial != nil && e.Trial.Acked.IsZero():
		b.WriteString("  it is on trial: not every instance has applied it yet\n")
	case e.Trial != nil:
		fmt.Fprintf(b, "  it is on trial: applied everywhere at %s, %s so far\n", clock(e.Trial.Acked), plural(len(e.Trial.Readings), "settled reading"))
	case e.Next == nil:
		b.WriteString("  it is in force\n")
	default:
		fmt.Fprintf(b, "  %s after %s by %s: %s\n", e.Outcome, e.Next.Time.Sub(e.Decision.Time).Round(1e9), e.Next.ID, e.Next.String())
	}
}

// plain makes a text of several lines fit for a terminal.
func plain(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	return strings.Join(lines, "\n")
}
