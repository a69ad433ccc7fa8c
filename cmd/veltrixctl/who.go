package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// operator is the flags of every command that changes something: the journal keeps who did it, and why.
type operator struct {
	connection
	who, reason string
}

func (o *operator) flags(cmd *cobra.Command) {
	o.connection.flags(cmd)
	cmd.Flags().StringVar(&o.who, "who", login(), "who does this, for the journal")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for the journal (required)")
}

func (o *operator) validate() error {
	switch {
	case o.who == "":
		return &exitError{exitUsage, errors.New("--who is missing; write your name for the journal")}
	case strings.TrimSpace(o.reason) == "":
		return &exitError{exitUsage, errors.New("--reason is missing; write for the journal why you do this")}
	}
	return o.connection.validate()
}

func (o *operator) by() store.Operator { return store.Operator{Who: o.who, Why: o.reason} }

// login returns the name of whoever runs the command, or nothing.
func login() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return cmp.Or(os.Getenv("SUDO_USER"), name)
}

// names checks that the table has every name.
func names(args []string) ([]settings.Name, error) {
	var all []settings.Name
	for _, arg := range args {
		rows, err := wantedSettings([]string{arg})
		if err != nil {
			return nil, err
		}
		all = append(all, rows[0].Name)
	}
	return all, nil
}

// completeSettings offers the names of the table that the command line doesn't have yet.
func completeSettings(suffix string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var offers []string
		for _, row := range settings.All() {
			if !strings.Contains(strings.Join(args, " "), string(row.Name)) {
				offers = append(offers, string(row.Name)+suffix)
			}
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		if suffix != "" {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		return offers, directive
	}
}

// change opens the store, calls write, and shows the document that came of it.
func (o *operator) change(cmd *cobra.Command, write func(ctx context.Context, s *store.Store) (settings.Document, error)) error {
	var before, after settings.Document
	err := o.with(cmd.Context(), func(ctx context.Context, s *store.Store) error {
		snapshot, err := s.Read(ctx)
		if err != nil {
			return err
		}
		before = snapshot.Document
		after, err = write(ctx, s)
		return err
	})
	if err != nil {
		return err
	}
	c := changed{Before: before, After: after}
	return o.show(cmd.OutOrStdout(), after, c.text)
}

// changed is what a command made of a document.
type changed struct{ Before, After settings.Document }

func (c changed) String() string {
	lines := differences(c.Before, c.After)
	if len(lines) == 0 {
		return fmt.Sprintf("nothing to change: generation %d says so already\n", c.After.Generation)
	}
	return fmt.Sprintf("generation %d:\n  %s\n", c.After.Generation, strings.Join(lines, "\n  ")) +
		"the loop leaves this alone for a while; `veltrixctl status` shows when every instance runs it\n"
}
