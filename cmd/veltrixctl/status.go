package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// statusDecisions is the number of decisions that status shows.
const statusDecisions = 5

func statusCommand() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "status --app NAME",
		Short: "Show what the loop does for an application",
		Long: `Show what the loop does for an application: who decides, what is tuned, the trial that
runs, an operator's hold, what each instance runs, and the last changes with their
reasons.`,
		Example: `  veltrixctl status --app hunt-engine
  veltrixctl status --app hunt-engine --etcd.endpoints http://etcd:2379 --output json`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s status
			err := c.with(cmd.Context(), func(ctx context.Context, from *store.Store) (err error) {
				s, err = readStatus(ctx, from, c.store.App)
				return err
			})
			if err != nil {
				return err
			}
			return c.show(cmd.OutOrStdout(), s, s.text)
		},
	}
	c.flags(cmd)
	return cmd
}

// status is what the command shows; its JSON is for machines.
type status struct {
	App       string            `json:"app"`
	Leader    string            `json:"leader,omitempty"`
	Document  settings.Document `json:"document"`
	Problem   string            `json:"problem,omitempty"`
	Trial     *tuner.Trial      `json:"trial,omitempty"`
	Hold      *tuner.Hold       `json:"hold,omitempty"`
	Instances []settings.Report `json:"instances"`
	Decisions []tuner.Decision  `json:"decisions"`
}

func readStatus(ctx context.Context, s *store.Store, app string) (status, error) {
	snapshot, err := s.Read(ctx)
	if err != nil {
		return status{}, err
	}
	out := status{App: app, Document: snapshot.Document, Trial: snapshot.State.Trial, Hold: snapshot.Hold}
	if err := cmp.Or(snapshot.DocumentErr, snapshot.StateErr); err != nil {
		out.Problem = err.Error()
	}
	if out.Leader, err = s.Leader(ctx); err != nil {
		return status{}, err
	}
	if out.Instances, err = s.Instances(ctx); err != nil {
		return status{}, err
	}
	out.Decisions, err = s.Journal(ctx, store.Page{Limit: statusDecisions})
	return out, err
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.RFC3339)
}

// text writes the status for people.
func (s status) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "application\t%s\n", s.App)
	fmt.Fprintf(w, "leader\t%s\n", cmp.Or(s.Leader, "none: no sidecar decides"))
	s.document(w)
	if s.Problem != "" {
		fmt.Fprintf(w, "problem\t%s\n", s.Problem)
	}
	if t := s.Trial; t != nil {
		fmt.Fprintf(w, "trial\t%s since %s, acknowledged by all %s\n", t.Decision, clock(t.Applied), clock(t.Acked))
	}
	if h := s.Hold; h != nil {
		fmt.Fprintf(w, "held\tby %s: %s (until %s)\n", h.Who, h.Why, clock(h.Until))
	}
	s.instances(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return s.decisions(out)
}

func (s status) document(w io.Writer) {
	if s.Document.Generation == 0 {
		fmt.Fprintf(w, "document\tnone: every client runs its own configuration\n")
		return
	}
	fmt.Fprintf(w, "document\tgeneration %d of %s: %s\n", s.Document.Generation, clock(s.Document.Time), s.Document.Reason)
	for _, name := range s.Document.Settings.Names() {
		row, _ := settings.Lookup(name) // Names returns only what the table has
		fmt.Fprintf(w, "  %s\t%s (default %s)\n", name, s.Document.Settings[name], row.Default)
	}
}

func (s status) instances(w io.Writer) {
	if len(s.Instances) == 0 {
		fmt.Fprintf(w, "instances\tnone\n")
		return
	}
	fmt.Fprintf(w, "instances\t%d\n", len(s.Instances))
	for i := range s.Instances {
		r := &s.Instances[i]
		state := "up to date"
		switch {
		case r.Refusal != nil:
			state = "refuses generation " + fmt.Sprint(r.Refusal.Generation) + ": " + r.Refusal.Reason
		case r.Generation != s.Document.Generation:
			state = "not up to date"
		}
		fmt.Fprintf(w, "  %s\tgeneration %d, %s\n", r.ID, r.Generation, state)
	}
}

// decisions stand below the table, because their times would stretch its first column.
func (s status) decisions(out io.Writer) error {
	if len(s.Decisions) == 0 {
		_, err := fmt.Fprintln(out, "no changes yet")
		return err
	}
	fmt.Fprintf(out, "last changes\n")
	for _, d := range s.Decisions {
		if _, err := fmt.Fprintf(out, "  %s  generation %d: %s\n", clock(d.Time), d.NextGeneration, d); err != nil {
			return err
		}
	}
	return nil
}
