package main

import "github.com/spf13/cobra"

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILES…",
		Short: "Check rule files without asking anybody",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(*cobra.Command, []string) error { return nil },
	}
}
