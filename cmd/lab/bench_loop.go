package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/lab/report"
	"github.com/veltrix/veltrix/process"
)

func benchLoopCommand() *cobra.Command {
	o := lab.DefaultProof()
	profile, out, page := lab.ProofProfile, "loop.json", "loop.html"
	cmd := &cobra.Command{
		Use:   "loop",
		Short: "Compare the loop with kafka-go's defaults and with the best static settings, over a day with faults",
		Long: `Compare the loop with kafka-go's defaults and with the best static settings, over a
day with faults, on one Kafka, in one run.

The arms, which get the same traffic over HTTP, one after the other, in another order in
each round:

  stock    kafka-go's own Writer and Reader at their defaults, under the same engine
  veltrix  the live client, begins with stock's settings, under the loop
  linger N the live client with a static linger of N ms: the grid
  hand     the arm of the grid that is best over the whole day
  oracle   the arm of the grid that is best in each phase

An arm is the better, the fewer seconds it is out of the objective; of equal ones, the
fewer requests the broker gets for 1000 answers while it is in it.

Ratios are worth more than figures: the players share the machine with everything else.
Exit code 1 says that the loop's objectives were not met at the end of a round, or that
anything acknowledged was lost.`,
		Example: `  go run ./cmd/lab bench loop --kafka real --out loop.json
  go run ./cmd/lab bench loop --rounds 1 --linger 5,50 --profile calm:20s@100,spike:30s@500`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phases, err := lab.ParseProfile(profile)
			if err != nil {
				return process.UsageError{Err: err}
			}
			if o.Rounds < 1 || len(o.Linger) == 0 {
				return process.UsageError{Err: fmt.Errorf("%d rounds, %d settings in the grid: at least one of each is needed", o.Rounds, len(o.Linger))}
			}
			o.Run.Phases, o.Run.Out = phases, cmd.OutOrStdout()
			result, err := lab.Proof(cmd.Context(), o)
			if len(result.Runs) == 0 {
				return err
			}
			result.Table(cmd.OutOrStdout())
			err = errors.Join(err, result.Write(out), report.WriteFile(page, result.Report()))
			cmd.Printf("\nlook at %s\n", page)
			return errors.Join(err, result.Err())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Run.Kafka, "kafka", o.Run.Kafka, "real (Apache Kafka, needs Java and Maven), or fake (in this process, can't be restarted)")
	f.StringVar(&o.Run.Prometheus, "prometheus", o.Run.Prometheus, "real (the prometheus binary), or embedded (in this process)")
	f.StringVar(&profile, "profile", profile, "phases of the day, NAME:DURATION@REQUESTS_PER_SECOND[/FAULT], separated by commas; faults are slow and restart")
	f.Int64SliceVar(&o.Linger, "linger", o.Linger, "the grid: producer.linger.ms of the static arms")
	f.IntVar(&o.Rounds, "rounds", o.Rounds, "how often every arm is played")
	f.DurationVar(&o.Run.P99, "objective", o.Run.P99, "99 % of the claims must be answered within this time")
	f.StringVar(&out, "out", out, "where to write the result as JSON")
	f.StringVar(&page, "report", page, "where to write the result as a page with plots")
	return cmd
}
