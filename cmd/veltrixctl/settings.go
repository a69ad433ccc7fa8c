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
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

func settingsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "See and change the settings that are tuned",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return &exitError{exitUsage, errors.New("settings: say what to do, for example veltrixctl settings get --app hunt-engine")}
		},
	}
	cmd.AddCommand(
		settingsGetCommand(), settingsSetCommand(), settingsUnsetCommand(),
		settingsHistoryCommand(), settingsDiffCommand(), settingsRollbackCommand(),
	)
	return cmd
}

func settingsGetCommand() *cobra.Command {
	var c connection
	var all bool
	cmd := &cobra.Command{
		Use:   "get [NAME] --app NAME",
		Short: "Show tuned settings with their defaults and bounds",
		Long: `Show the settings that are tuned for an application, with their defaults, hard bounds
and when a client applies them. With a NAME it is that setting, tuned or not.`,
		Example: `  veltrixctl settings get --app hunt-engine
  veltrixctl settings get producer.linger.ms --app hunt-engine --output json
  veltrixctl settings get --all --app hunt-engine`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSettings(""),
		PreRunE:           func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := wantedSettings(args)
			if err != nil {
				return err
			}
			var document settings.Document
			err = c.with(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				snapshot, err := s.Read(ctx)
				document = snapshot.Document
				return cmp.Or(err, snapshot.DocumentErr)
			})
			if err != nil {
				return err
			}
			rows := tuned(wanted, document, all || len(args) > 0)
			return c.show(cmd.OutOrStdout(), rows, rows.text)
		},
	}
	c.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "also the settings that are not tuned")
	return cmd
}

// wantedSettings returns the rows of the table that the arguments name: one, or all.
func wantedSettings(args []string) ([]settings.Setting, error) {
	if len(args) == 0 {
		return settings.All(), nil
	}
	row, ok := settings.Lookup(settings.Name(args[0]))
	if !ok {
		return nil, fmt.Errorf("%w %q; veltrixctl settings get --all lists those that there are, and docs/settings.md explains them", settings.ErrUnknownSetting, args[0])
	}
	return []settings.Setting{row}, nil
}

// settingRow is one setting as it is shown.
type settingRow struct {
	Name    settings.Name    `json:"setting"`
	Tuned   settings.Value   `json:"tuned,omitzero"`
	Default settings.Value   `json:"default,omitzero"`
	Kind    settings.Kind    `json:"kind"`
	Bound   settings.Bound   `json:"bound"`
	Class   settings.Class   `json:"class"`
	Applies settings.Applies `json:"applies"`
	// Topics are the values tuned for single topics.
	Topics map[string]settings.Value `json:"topics,omitempty"`
}

type settingRows []settingRow

// tuned returns a row for each wanted setting that is tuned, or for all of them.
func tuned(wanted []settings.Setting, d settings.Document, all bool) settingRows {
	rows := settingRows{}
	hard := settings.Hard()
	for _, s := range wanted {
		row := settingRow{Name: s.Name, Tuned: d.Settings[s.Name], Default: s.Default, Kind: s.Kind, Bound: hard[s.Name], Class: s.Class, Applies: s.Applies}
		for topic, values := range d.Topics {
			if v, ok := values[s.Name]; ok {
				if row.Topics == nil {
					row.Topics = map[string]settings.Value{}
				}
				row.Topics[topic] = v
			}
		}
		if all || row.Tuned.IsSet() || len(row.Topics) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

func (rows settingRows) text(out io.Writer) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(out, "nothing is tuned: every client runs its own configuration")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SETTING\tTUNED\tDEFAULT\tBOUNDS\tUNIT\tCLASS\tAPPLIES")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, dash(r.Tuned), dash(r.Default), bounds(r.Bound), r.Kind, r.Class, r.Applies)
		for _, topic := range slices.Sorted(maps.Keys(r.Topics)) {
			fmt.Fprintf(w, "  for topic %s\t%s\t\t\t\t\t\n", oneLine(topic), r.Topics[topic])
		}
	}
	return w.Flush()
}

func dash(v settings.Value) string {
	if !v.IsSet() {
		return "–"
	}
	return v.String()
}

func bounds(b settings.Bound) string {
	if len(b.Allowed) > 0 {
		return strings.Join(b.Allowed, "|")
	}
	return fmt.Sprintf("%d…%d", *b.Min, *b.Max)
}
