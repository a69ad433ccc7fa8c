package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

func settingsSetCommand() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:   "set NAME=VALUE … --app NAME --reason WHY",
		Short: "Set values for every client of an application",
		Long: `Set values for every client of an application, at once and together, as a new
generation. Values outside the bounds and values that contradict each other are refused.

The loop sees that somebody else wrote and leaves the document alone for a while (an
hour, unless the sidecar's configuration says otherwise). For longer, place a hold, or
pin the setting in the sidecar's configuration.`,
		Example: `  veltrixctl settings set producer.linger.ms=20 --app hunt-engine --reason "INC-7: brokers are slow"
  veltrixctl settings set producer.linger.ms=20 producer.compression.type=lz4 --app hunt-engine --reason "less traffic"`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeSettings("="),
		PreRunE:           func(*cobra.Command, []string) error { return o.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := parseValues(args)
			if err != nil {
				return err
			}
			return o.change(cmd, func(ctx context.Context, s *store.Store) (settings.Document, error) {
				return s.SetValues(ctx, values, nil, o.by())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func settingsUnsetCommand() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:   "unset NAME … --app NAME --reason WHY",
		Short: "Give settings back to the applications' own configuration",
		Long: `Give settings back: the document doesn't have them any more, and every client runs its
own configuration for them.`,
		Example:           `  veltrixctl settings unset producer.linger.ms --app hunt-engine --reason "the incident is over"`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeSettings(""),
		PreRunE:           func(*cobra.Command, []string) error { return o.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			unset, err := names(args)
			if err != nil {
				return err
			}
			return o.change(cmd, func(ctx context.Context, s *store.Store) (settings.Document, error) {
				return s.SetValues(ctx, nil, unset, o.by())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func settingsRollbackCommand() *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:   "rollback GENERATION --app NAME --reason WHY",
		Short: "Return to a former generation, exactly",
		Long: `Return to the settings of a former generation, exactly, as a new generation.
Generation 0 is the time before the first document: every client runs its own
configuration. It also mends a document that can't be read.`,
		Example: `  veltrixctl settings history --app hunt-engine
  veltrixctl settings rollback 41 --app hunt-engine --reason "since 42 consumers lag"`,
		Args:    cobra.ExactArgs(1),
		PreRunE: func(*cobra.Command, []string) error { return o.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			generation, err := parseGeneration(args[0])
			if err != nil {
				return err
			}
			return o.change(cmd, func(ctx context.Context, s *store.Store) (settings.Document, error) {
				return s.Rollback(ctx, generation, o.by())
			})
		},
	}
	o.flags(cmd)
	return cmd
}

// parseValues reads NAME=VALUE arguments. The kind of a value is the table's.
func parseValues(args []string) (settings.Values, error) {
	values := settings.Values{}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, &exitError{exitUsage, fmt.Errorf("%q is not NAME=VALUE; write for example producer.linger.ms=20", arg)}
		}
		rows, err := wantedSettings([]string{name})
		if err != nil {
			return nil, err
		}
		if _, twice := values[rows[0].Name]; twice {
			return nil, &exitError{exitUsage, fmt.Errorf("%s is given twice; write it once", name)}
		}
		value := settings.Word(text)
		if rows[0].Kind != settings.Enum {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, &exitError{exitUsage, fmt.Errorf("%s is %q; write a whole number in %s", name, text, rows[0].Kind)}
			}
			value = settings.Number(n)
		}
		values[rows[0].Name] = value
	}
	return values, nil
}

func parseGeneration(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &exitError{exitUsage, fmt.Errorf("generation %q: write a number of `veltrixctl settings history`, or 0 for the time before the first", text)}
	}
	return n, nil
}

// differences says in lines what differs between two documents, single topics included.
func differences(from, to settings.Document) []string {
	var lines []string
	for _, c := range from.Settings.Diff(to.Settings) {
		lines = append(lines, c.String())
	}
	topics := slices.Sorted(maps.Keys(from.Topics))
	topics = append(topics, slices.Sorted(maps.Keys(to.Topics))...)
	slices.Sort(topics)
	for _, topic := range slices.Compact(topics) {
		for _, c := range from.Topics[topic].Diff(to.Topics[topic]) {
			lines = append(lines, fmt.Sprintf("%s@%s %s → %s", c.Name, oneLine(topic), c.From, c.To))
		}
	}
	return lines
}

func (c changed) text(out io.Writer) error {
	_, err := io.WriteString(out, c.String())
	return err
}

// errNoGeneration says that neither etcd nor the journal has a generation.
var errNoGeneration = errors.New("the journal doesn't hold that generation")
