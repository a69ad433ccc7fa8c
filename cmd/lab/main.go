// Command lab runs the whole loop on one machine: Kafka, etcd, Prometheus, two engines with the live client, the
// sidecar, and players. It is the demonstration, the proof, and a place to try rules.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/process"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	started := false
	root := &cobra.Command{
		Use:   "lab",
		Short: "Run the whole Veltrix loop on this machine",
		Long: `Run the whole Veltrix loop on this machine: Kafka, etcd, Prometheus, two engines
with the live client, the sidecar with its rules, and players.

Exit codes: 0 fine, 1 the run failed or did not reach its objectives, 2 usage.`,
		SilenceUsage: true, SilenceErrors: true,
		// It runs only after flags and arguments were found good.
		PersistentPreRun: func(*cobra.Command, []string) { started = true },
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(demoCommand(), benchCommand(), loadCommand())
	err := root.ExecuteContext(ctx)
	if err != nil && !started {
		err = process.UsageError{Err: err}
	}
	return process.Exit(stderr, "lab", err)
}
