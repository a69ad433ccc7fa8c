package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

func instancesCommand() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "instances --app NAME",
		Short: "Show what each live instance runs",
		Long: `Show what each live instance of an application runs: its generation, whether that is what
is stored, what it refuses, and where its effective settings differ from the document.`,
		Example: `  veltrixctl instances --app hunt-engine
  veltrixctl instances --app hunt-engine --output json`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all fleet
			err := c.with(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				snapshot, err := s.Read(ctx)
				if err != nil {
					return err
				}
				reports, err := s.Instances(ctx)
				all = fleet{snapshot.Document, instancesOf(reports, snapshot)}
				return err
			})
			if err != nil {
				return err
			}
			return c.show(cmd.OutOrStdout(), all.Instances, all.text)
		},
	}
	c.flags(cmd)
	return cmd
}

// fleet is the live instances and what they should run.
type fleet struct {
	Document  settings.Document
	Instances []instanceStatus
}

func (f fleet) text(out io.Writer) error {
	if len(f.Instances) == 0 {
		_, err := fmt.Fprintln(out, "no instance is alive: none runs, or none has the settings source configured")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INSTANCE\tVERSION\tSTARTED\tGENERATION\tSTATE")
	for i := range f.Instances {
		r := &f.Instances[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", oneLine(r.ID), oneLine(r.Version), clock(r.Started), r.Generation, r.state())
		for _, c := range f.Document.Settings.Diff(r.Effective.Overlay(nil)) {
			if c.From.IsSet() { // what the document doesn't have is the instance's own
				fmt.Fprintf(w, "  %s\t\t\t\truns %s, the document says %s\n", c.Name, dash(c.To), c.From)
			}
		}
	}
	return w.Flush()
}
