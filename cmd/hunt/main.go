// Command hunt is the treasure hunt engine: an event-driven service on Kafka whose clients Veltrix tunes while they run.
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
	cmd := command(stdout)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return process.Exit(stderr, "hunt", cmd.ExecuteContext(ctx))
}

// flags are what the command line says beside the configuration file.
type flags struct {
	config, listen, webConfig, logLevel string
	check                               bool
}

func command(stdout io.Writer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "hunt --config.file=hunt.yml",
		Short: "Run an instance of the treasure hunt engine",
		Long: `Run an instance of the treasure hunt engine.

It serves the game over HTTP and keeps it in Kafka. With etcd configured, its Kafka
clients apply the settings that Veltrix writes there; without, they run on the
configuration's own.

SIGTERM and SIGINT stop it: requests under way get their answers first.

Exit codes: 0 stopped as asked, or --config.check found nothing; 1 failed while
running; 2 flags or configuration are wrong.`,
		Example: `  hunt --config.file=hunt.yml
  hunt --config.file=hunt.yml --config.check
  curl -s localhost:8080/-/ready`,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), f, stdout) },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return process.UsageError{Err: err} })
	s := cmd.Flags()
	s.StringVar(&f.config, "config.file", "hunt.yml", "the configuration")
	s.BoolVar(&f.check, "config.check", false, "check the configuration, and exit")
	s.StringVar(&f.listen, "web.listen-address", "127.0.0.1:8080", "where the HTTP API and /metrics listen")
	s.StringVar(&f.webConfig, "web.config.file", "", "TLS and basic authentication, in exporter-toolkit's format")
	s.StringVar(&f.logLevel, "log.level", "info", "debug, info, warn or error")
	return cmd
}
