package main

import (
	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/lab/report"
	"github.com/veltrix/veltrix/process"
)

func demoCommand() *cobra.Command {
	o := lab.DefaultDemo()
	profile := lab.DefaultProfile
	out, page := "result.json", "report.html"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the loop healing a spike, in less than two minutes",
		Long: `Show the loop healing a spike.

Two engines of the treasure hunt begin with the settings that kafka-go's users have
when they set none. Players come at a steady rate, then at five times that rate, then
at the first rate again. The sidecar watches through Prometheus, its rules fire, it
writes settings to etcd, and the live clients apply them to their next batch. What
happens is printed as it happens; at the end there is a table, and result.json.

Nothing is needed but Go. With --kafka real it is Apache Kafka itself (needs Java 17
and Maven), with --prometheus real the prometheus binary.`,
		Example: `  go run ./cmd/lab demo
  go run ./cmd/lab demo --kafka real --prometheus real
  go run ./cmd/lab demo --kafka localhost:9092 --profile calm:20s@100,spike:40s@500,calm:20s@100`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phases, err := lab.ParseProfile(profile)
			if err != nil {
				return process.UsageError{Err: err}
			}
			o.Phases, o.Out = phases, cmd.OutOrStdout()
			result, err := lab.Demo(cmd.Context(), o)
			if err != nil {
				return err
			}
			result.Table(cmd.OutOrStdout())
			if err := result.Write(out); err != nil {
				return err
			}
			promise := lab.Promise{P99Ms: o.P99.Seconds() * 1000, TimeoutPct: o.TimeoutPercent}
			if err := report.WriteFile(page, result.Report(promise)); err != nil {
				return err
			}
			cmd.Printf("\nlook at %s\n", page)
			return result.Err()
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Kafka, "kafka", o.Kafka, "fake (in this process), real (Apache Kafka, needs Java and Maven), or HOST:PORT of one that runs")
	f.StringVar(&o.Prometheus, "prometheus", o.Prometheus, "embedded (in this process), real (the prometheus binary), or the URL of one that scrapes the engines")
	f.StringVar(&o.Etcd, "etcd", o.Etcd, "embedded (in this process), or the URL of one that runs")
	f.StringVar(&profile, "profile", profile, "phases of the traffic, NAME:DURATION@REQUESTS_PER_SECOND, separated by commas")
	f.DurationVar(&o.P99, "objective", o.P99, "99 % of the claims must be answered within this time")
	f.StringVar(&out, "out", out, "where to write the result as JSON")
	f.StringVar(&page, "report", page, "where to write the result as a page with plots")
	f.BoolVar(&o.Keep, "keep", false, "leave everything running at the end, to look around; interrupt to end it")
	f.StringVar(&o.Dir, "dir", o.Dir, "where to keep data, configuration and logs; empty: a temporary folder that is removed")
	return cmd
}
