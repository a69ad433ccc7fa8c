package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// mostHistory is the most that the journal gives at once.
const mostHistory = 1000

func settingsHistoryCommand() *cobra.Command {
	var c connection
	limit := 20
	cmd := &cobra.Command{
		Use:   "history --app NAME",
		Short: "List the generations of an application's document, newest first",
		Long: `List the generations of an application's document, newest first, with what each changed
and why. Each can be returned to with rollback as long as the journal holds it.`,
		Example: `  veltrixctl settings history --app hunt-engine
  veltrixctl settings history --app hunt-engine --limit 100 --output json`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if limit < 1 || limit >= mostHistory {
				return &exitError{exitUsage, fmt.Errorf("--limit %d: write 1 to %d", limit, mostHistory-1)}
			}
			return c.validate()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []settings.Document
			err := c.with(cmd.Context(), func(ctx context.Context, s *store.Store) (err error) {
				all, err = s.History(ctx, limit+1) // one more says what the oldest shown changed
				return err
			})
			if err != nil {
				return err
			}
			h := history{documents: all, limit: limit}
			return c.show(cmd.OutOrStdout(), h.shown(), h.text)
		},
	}
	c.flags(cmd)
	cmd.Flags().IntVar(&limit, "limit", limit, "the number of generations")
	return cmd
}

// history is documents, newest first, of which limit are shown.
type history struct {
	documents []settings.Document
	limit     int
}

func (h history) shown() []settings.Document {
	return h.documents[:min(h.limit, len(h.documents))]
}

func (h history) text(out io.Writer) error {
	if len(h.documents) == 0 {
		_, err := fmt.Fprintln(out, "the journal holds no document: nothing was ever tuned, or the journal was trimmed")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "GENERATION\tTIME\tCHANGED\tWHY")
	for i, d := range h.shown() {
		changes := "(the one before is not kept)"
		if i+1 < len(h.documents) {
			changes = cmp.Or(strings.Join(differences(h.documents[i+1], d), ", "), "nothing")
		} else if d.Generation == 1 {
			changes = cmp.Or(strings.Join(differences(settings.Document{}, d), ", "), "nothing")
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", d.Generation, clock(d.Time), changes, oneLine(d.Reason))
	}
	return w.Flush()
}

func settingsDiffCommand() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "diff [FROM [TO]] --app NAME",
		Short: "Show what differs between two generations",
		Long: `Show what differs between two generations: FROM and TO, FROM and the present one, or
without arguments the one before and the present one. Generation 0 is the time before
the first document.`,
		Example: `  veltrixctl settings diff --app hunt-engine
  veltrixctl settings diff 0 --app hunt-engine
  veltrixctl settings diff 41 44 --app hunt-engine --output json`,
		Args:    cobra.MaximumNArgs(2),
		PreRunE: func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			var d difference
			err := c.with(cmd.Context(), func(ctx context.Context, s *store.Store) (err error) {
				d, err = compare(ctx, s, args)
				return err
			})
			if err != nil {
				return err
			}
			return c.show(cmd.OutOrStdout(), d, d.text)
		},
	}
	c.flags(cmd)
	return cmd
}

// difference is what differs between two generations.
type difference struct {
	From    int64    `json:"from"`
	To      int64    `json:"to"`
	Changes []string `json:"changes"`
}

func compare(ctx context.Context, s *store.Store, args []string) (difference, error) {
	snapshot, err := s.Read(ctx)
	if err := cmp.Or(err, snapshot.DocumentErr); err != nil {
		return difference{}, err
	}
	kept, err := s.History(ctx, mostHistory)
	if err != nil {
		return difference{}, err
	}
	from, to := settings.Document{}, snapshot.Document
	if len(args) == 0 {
		for _, d := range kept {
			if d.Generation < to.Generation {
				from = d
				break
			}
		}
	}
	for i, end := range []*settings.Document{&from, &to} {
		if i < len(args) {
			if *end, err = generation(args[i], snapshot.Document, kept); err != nil {
				return difference{}, err
			}
		}
	}
	return difference{from.Generation, to.Generation, append([]string{}, differences(from, to)...)}, nil
}

// generation finds a document by the number that somebody wrote.
func generation(text string, present settings.Document, kept []settings.Document) (settings.Document, error) {
	n, err := parseGeneration(text)
	if err != nil || n == 0 {
		return settings.Document{}, err
	}
	for _, d := range append(kept, present) {
		if d.Generation == n {
			return d, nil
		}
	}
	return settings.Document{}, fmt.Errorf("generation %d: %w; `veltrixctl settings history` lists those that are kept", n, errNoGeneration)
}

func (d difference) text(out io.Writer) error {
	fmt.Fprintf(out, "generation %d → %d:\n", d.From, d.To)
	for _, line := range d.Changes {
		fmt.Fprintln(out, "  "+line)
	}
	if len(d.Changes) == 0 {
		fmt.Fprintln(out, "  nothing differs")
	}
	return nil
}
