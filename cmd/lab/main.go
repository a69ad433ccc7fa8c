// Command lab runs the whole loop on one machine: Kafka, etcd, Prometheus, two engines with the live client, the
// sidecar, and players. It is the demonstration, the proof, and a place to try rules.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the run failed, an objective was not met, or something acknowledged was lost
	exitUsage  = 2
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
		PersistentPreRun: func(*cobra.Command, []string) { started = true },
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(demoCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "lab:", err)
		if !started {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}
