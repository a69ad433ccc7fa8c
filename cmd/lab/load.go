package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/lab/load"
	"github.com/veltrix/veltrix/process"
)

// loadFlags are what the command line says beside the traffic's options.
type loadFlags struct {
	profile, mix, format, out string
	limits                    load.Limits
}

func loadCommand() *cobra.Command {
	o, f := load.Options{}, loadFlags{}
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Send players' traffic to an engine that runs, and measure its answers",
		Long: `Send players' traffic to an engine that runs, and measure its answers.

Players create hunts, join, move, claim with right and wrong answers, and read
leaderboards; some keep a stream of events open. Requests are sent when they are due,
whatever became of the earlier ones, and latency counts from then. At the end the
leaderboards are held against every claim that was acknowledged.

The progress goes to standard error, the result to standard output: a table, or JSON
with the figures of every phase, kind and second.

Exit codes: 0 all answers were good; 1 the traffic could not be sent, an answer was
unexpected, an acknowledged claim was lost, or a limit (--p99, --failed) was exceeded;
2 flags are wrong, and nothing was sent.`,
		Example: `  go run ./cmd/lab load --url http://localhost:8080 --profile calm:30s@200,spike:60s@1000
  go run ./cmd/lab load --url http://one:8080 --url http://two:8080 --mix claim=100 --p99 50ms --failed 0
  go run ./cmd/lab load --profile calm:10s@200 --format json --out load.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.read(&o); err != nil {
				return process.UsageError{Err: err}
			}
			o.Out = cmd.ErrOrStderr()
			result, err := load.Run(cmd.Context(), o)
			if len(result.Phases) == 0 {
				return err
			}
			return errors.Join(err, f.write(cmd.OutOrStdout(), result), result.Err(f.limits))
		},
	}
	f.add(cmd, &o)
	return cmd
}

func (f *loadFlags) add(cmd *cobra.Command, o *load.Options) {
	s := cmd.Flags()
	s.StringSliceVar(&o.URLs, "url", []string{"http://127.0.0.1:8080"}, "an engine's URL; several get requests in turn")
	s.StringVar(&f.profile, "profile", "calm:30s@200,spike:60s@1000", "phases of the traffic, NAME:DURATION@REQUESTS_PER_SECOND, separated by commas")
	s.StringVar(&f.mix, "mix", load.DefaultMix, "shares of the kinds of requests")
	s.IntVar(&o.Streams, "streams", 8, "how many streams of events are kept open")
	s.DurationVar(&o.Timeout, "timeout", 3*time.Second, "how long a player waits for an answer")
	s.Uint64Var(&o.Seed, "seed", 1, "the same seed makes the same traffic")
	s.DurationVar(&f.limits.P99, "p99", 0, "fail if the p99 of claims is above this in any phase; 0: no limit")
	s.Float64Var(&f.limits.FailedPercent, "failed", -1, "fail if more percent of a phase's requests have no answer in time; negative: no limit")
	s.StringVar(&f.format, "format", "text", "of the result: text or json")
	s.StringVar(&f.out, "out", "", "write the result as JSON to this file too")
}

// read completes the options with what flags say as text.
func (f *loadFlags) read(o *load.Options) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q: write text or json", f.format)
	}
	var err error
	if o.Phases, err = lab.ParseProfile(f.profile); err != nil {
		return err
	}
	if o.Mix, err = load.ParseMix(f.mix); err != nil {
		return err
	}
	return o.Check()
}

// write writes the result as the flags say.
func (f *loadFlags) write(stdout io.Writer, r load.Result) error {
	if f.out != "" {
		file, err := os.Create(f.out)
		if err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		if err := errors.Join(r.WriteJSON(file), file.Close()); err != nil {
			return fmt.Errorf("write the result to %s: %w", f.out, err)
		}
	}
	if f.format == "json" {
		return r.WriteJSON(stdout)
	}
	return r.WriteText(stdout)
}
