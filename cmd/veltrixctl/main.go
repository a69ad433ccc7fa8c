// Command veltrixctl is the operator's tool: it checks rules, and shows and changes what the loop does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, the same for every command.
const (
	exitOK     = 0
	exitFailed = 1 // something is invalid, or what was asked for could not be done
	exitUsage  = 2
	exitLint   = 3 // everything is valid, but a lint complains
)

// exitError ends the program with a code other than exitFailed. With a nil err everything has been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	started := false
	root := newRoot()
	// A command runs only after its flags and arguments were found good: what fails before that is usage.
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitFailed
	exit, ok := errors.AsType[*exitError](err)
	switch {
	case ok:
		code = exit.code
	case !started:
		code = exitUsage
	}
	if !ok || exit.err != nil {
		fmt.Fprintln(stderr, "veltrixctl:", err)
	}
	return code
}

// newRoot returns the command with every subcommand. A subcommand has no PersistentPreRun of its own.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "veltrixctl",
		Short: "Check tuning rules, and see and steer what Veltrix does",
		Long: `Check tuning rules, and see and steer what Veltrix does.

Exit codes:
  0  fine
  1  something is invalid, or what was asked for could not be done
  2  usage: an unknown command or flag, or a missing argument
  3  everything is valid, but a lint complains`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(
		checkCommand(), explainCommand(), fmtCommand(), holdCommand(), instancesCommand(), releaseCommand(), replayCommand(),
		settingsCommand(), statusCommand(), testCommand(), watchCommand(),
	)
	return root
}
