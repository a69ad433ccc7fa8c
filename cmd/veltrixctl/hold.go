package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

func holdCommand() *cobra.Command {
	var o operator
	var only []string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "hold --app NAME --reason WHY",
		Short: "Make the loop leave settings alone",
		Long: `Make the loop leave settings alone, all or some, for a time or until they are released. A
trial that runs is not judged while everything is held; an interlock still takes it back.
A new hold takes the place of the one before.`,
		Example: `  veltrixctl hold --app hunt-engine --for 2h --reason "release 4.2"
  veltrixctl hold --app hunt-engine --settings producer.linger.ms,producer.batch.size --reason "load test"`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if lasts < 0 {
				return &exitError{exitUsage, fmt.Errorf("--for %s: write a time above zero, or leave it out to hold until released", lasts)}
			}
			return o.validate()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			held, err := names(only)
			if err != nil {
				return err
			}
			h := tuner.Hold{Who: o.who, Why: o.reason, Since: time.Now().UTC(), Settings: held}
			if lasts > 0 {
				h.Until = h.Since.Add(lasts)
			}
			if err := o.with(cmd.Context(), func(ctx context.Context, s *store.Store) error { return s.SetHold(ctx, h) }); err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), h, func(out io.Writer) error {
				_, err := fmt.Fprintf(out, "held: %s; end it with `veltrixctl release --app %s`\n", oneLine(describeHold(h)), o.store.App)
				return err
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().StringSliceVar(&only, "settings", nil, "the settings to hold; all if left out")
	cmd.Flags().DurationVar(&lasts, "for", 0, "how long; until released if left out")
	return cmd
}

func releaseCommand() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     "release --app NAME --reason WHY",
		Short:   "End a hold",
		Long:    `End the hold of an application: the loop goes on with its next tick. Without a hold it does nothing.`,
		Example: `  veltrixctl release --app hunt-engine --reason "the release is out"`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.validate() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			var was *tuner.Hold
			err := o.with(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				snapshot, err := s.Read(ctx)
				if err != nil {
					return err
				}
				was = snapshot.Hold
				return s.Release(ctx, o.by())
			})
			if err != nil {
				return err
			}
			return o.show(cmd.OutOrStdout(), map[string]any{"released": was}, func(out io.Writer) error {
				text := "there was no hold"
				if was != nil {
					text = "released: " + oneLine(describeHold(*was))
				}
				_, err := fmt.Fprintln(out, text)
				return err
			})
		},
	}
	o.flags(cmd)
	return cmd
}
