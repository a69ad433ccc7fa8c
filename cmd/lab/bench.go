package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/lab/bench"
	"github.com/veltrix/veltrix/lab/report"
)

func benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure clients against each other on one broker, in one run",
		Long: `Measure clients against each other on one broker, in one run.

Read ratios, not figures: machines are noisy, and here the clients share theirs with
the broker. Each client first tries a few settings and is measured with its best.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(benchProducerCommand(), benchConsumerCommand(), benchLoopCommand())
	return cmd
}

// benchFlags are what both benchmarks have in common.
type benchFlags struct{ kafka, out, report string }

func (f *benchFlags) add(cmd *cobra.Command, out string) {
	cmd.Flags().StringVar(&f.kafka, "kafka", "real", "fake (in this process), real (Apache Kafka, needs Java and Maven), or HOST:PORT of one that runs")
	cmd.Flags().StringVar(&f.out, "out", out, "where to write the result as JSON")
	cmd.Flags().StringVar(&f.report, "report", strings.TrimSuffix(out, ".json")+".html", "where to write the result as a page")
}

// run starts Kafka, measures, and writes what was found, also if it was interrupted.
func (f *benchFlags) run(ctx context.Context, out io.Writer, measure func(context.Context, *lab.Kafka) (*bench.Result, error)) (err error) {
	dir, err := os.MkdirTemp("", "veltrix-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for the benchmark: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(out, "starting Kafka (%s) …\n", f.kafka)
	k, err := lab.StartKafka(ctx, f.kafka, lab.Service{}, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Stop()) }()
	result, err := measure(ctx, k)
	if len(result.Runs) > 0 {
		err = errors.Join(err, result.Write(f.out), report.WriteFile(f.report, result.Report()))
		fmt.Fprintf(out, "\n%d runs are in %s; look at %s\n", len(result.Runs), f.out, f.report)
	}
	return err
}

func benchProducerCommand() *cobra.Command {
	o := bench.DefaultProducer()
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "producer",
		Short: "Compare the live producer with kafka-go's Writer, franz-go and Kafka's own ProducerPerformance",
		Long: `Compare the live producer with kafka-go's Writer (as it comes, and at its best),
franz-go, and Kafka's own ProducerPerformance.

Records have 200 bytes and a key, and each is acknowledged by all replicas. In a closed
loop callers wait for their acknowledgement before they offer the next record; in an
open loop records come at a rate, whatever becomes of them, and latency counts from when
a record was due. Asynchronous is flat out, without keys, as Kafka's own tool does it.
The last part changes settings five times a second under 20 000 records a second.

The ratios in brackets say how many times better the live producer is.`,
		Example: `  go run ./cmd/lab bench producer
  go run ./cmd/lab bench producer --partitions 6 --callers 512 --rates 40000 --rounds 5
  go run ./cmd/lab bench producer --kafka fake --partitions 6 --callers 64 --rates 1000 --async=false --duration 1s --rounds 1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out = cmd.OutOrStdout()
			return f.run(cmd.Context(), o.Out, func(ctx context.Context, k *lab.Kafka) (*bench.Result, error) {
				o.Kafka = k
				return bench.Producers(ctx, o)
			})
		},
	}
	f.add(cmd, "producer.json")
	flags := cmd.Flags()
	flags.IntSliceVar(&o.Partitions, "partitions", o.Partitions, "numbers of partitions")
	flags.IntSliceVar(&o.Callers, "callers", o.Callers, "numbers of callers of the closed loop")
	flags.Float64SliceVar(&o.Rates, "rates", o.Rates, "records a second of the open loop")
	flags.BoolVar(&o.Async, "async", o.Async, "measure asynchronous writing, flat out")
	flags.BoolVar(&o.Java, "java", o.Java, "with it Kafka's own ProducerPerformance, where there is Java")
	flags.BoolVar(&o.Change, "change", o.Change, "measure what a change of settings does under load")
	flags.DurationVar(&o.Duration, "duration", o.Duration, "length of one measurement")
	flags.DurationVar(&o.Search, "search", o.Search, "length of one trial of a client's settings")
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often everything is measured, in turns")
	return cmd
}

func benchConsumerCommand() *cobra.Command {
	o := bench.DefaultConsumer()
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "consumer",
		Short: "Compare the live consumer with kafka-go's Reader and franz-go",
		Long: `Compare the live consumer with kafka-go's Reader and franz-go: how fast a full topic is
read, and how long a record takes from its writer to its reader while few come.`,
		Example: `  go run ./cmd/lab bench consumer
  go run ./cmd/lab bench consumer --records 500000 --partitions 6 --rounds 5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out = cmd.OutOrStdout()
			return f.run(cmd.Context(), o.Out, func(ctx context.Context, k *lab.Kafka) (*bench.Result, error) {
				o.Kafka = k
				return bench.Consumers(ctx, o)
			})
		},
	}
	f.add(cmd, "consumer.json")
	flags := cmd.Flags()
	flags.IntSliceVar(&o.Partitions, "partitions", o.Partitions, "numbers of partitions")
	flags.IntVar(&o.Records, "records", o.Records, "records of the full topic")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "records a second of the trickle; 0 leaves it out")
	flags.DurationVar(&o.Duration, "duration", o.Duration, "length of one measurement of the trickle")
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often everything is measured, in turns")
	return cmd
}
