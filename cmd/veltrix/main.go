// Command veltrix is the sidecar: it keeps the Kafka clients of one application at the settings that its objectives need.
package main

import (
	"context"
	"fmt"
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

// flags are what the command line says beside the configuration file.
type flags struct {
	config, listen, webConfig, id, logLevel string
	check, lifecycle, admin                 bool
}

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := command(stdout)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return process.Exit(stderr, "veltrix", cmd.ExecuteContext(ctx))
}

func command(stdout io.Writer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "veltrix --config.file=veltrix.yml",
		Short: "Keep an application's Kafka clients at the settings that its objectives need",
		Long: `Keep an application's Kafka clients at the settings that its objectives need.

Veltrix asks Prometheus, evaluates tuning rules, decides, and writes settings to
etcd, from where the application's clients apply them to their next batch. Several
may run for one application; one of them decides.

SIGTERM and SIGINT stop it; SIGHUP reads the rule files again.

Exit codes: 0 stopped as asked, or --config.check found nothing; 1 failed while
running; 2 flags or configuration are wrong.`,
		Example: `  veltrix --config.file=veltrix.yml
  veltrix --config.file=veltrix.yml --config.check
  curl -s localhost:9190/api/v1/status`,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), f, stdout) },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return process.UsageError{Err: err} })
	host, _ := os.Hostname() // without a name the id is the process's alone
	s := cmd.Flags()
	s.StringVar(&f.config, "config.file", "veltrix.yml", "the configuration")
	s.BoolVar(&f.check, "config.check", false, "check the configuration and the rules, and exit")
	s.StringVar(&f.id, "id", fmt.Sprintf("%s-%d", host, os.Getpid()), "this sidecar's name in the election; unique for the application")
	s.StringVar(&f.listen, "web.listen-address", "127.0.0.1:9190", "where the HTTP API and the page listen")
	s.StringVar(&f.webConfig, "web.config.file", "", "TLS and basic authentication, in exporter-toolkit's format")
	s.BoolVar(&f.lifecycle, "web.enable-lifecycle", false, "allow POST /-/reload")
	s.BoolVar(&f.admin, "web.enable-admin-api", false, "allow PUT and DELETE /api/v1/hold; needs authentication unless the address is a loopback one")
	s.StringVar(&f.logLevel, "log.level", "info", "debug, info, warn or error")
	return cmd
}
