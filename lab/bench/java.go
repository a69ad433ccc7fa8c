package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/veltrix/veltrix/internal/kafkaserver"
)

// javaRecords is how many records Kafka's own tool writes in a measurement; as many before them warm its machine up.
const javaRecords = 2_000_000

// javaGrid are the settings that Kafka's own tool may choose between.
func javaGrid() []Params { return grid([]time.Duration{0, 5 * time.Millisecond}, 0, 1<<20) }

// java measures Kafka's own ProducerPerformance, or does nothing where there is no Java. With the first round it tries
// its settings, and keeps the best.
func (b *producerBench) java(ctx context.Context, s Scenario, topic string, round int) error {
	if missing := kafkaserver.Available(); !b.Java || missing != nil {
		return nil //nolint:nilerr // without Java the tool takes no part
	}
	if round == 1 {
		var best Run
		for i, p := range javaGrid() {
			run, err := b.javaRun(ctx, s, topic, p)
			if err != nil {
				return err
			}
			if i == 0 || better(run, best) {
				best, b.javaBest = run, p
			}
		}
	}
	run, err := b.javaRun(ctx, s, topic, b.javaBest)
	if err != nil {
		return err
	}
	run.Round = round
	b.result.Runs = append(b.result.Runs, run)
	return nil
}

// javaRun runs the tool once.
func (b *producerBench) javaRun(ctx context.Context, s Scenario, topic string, p Params) (Run, error) {
	lib, err := kafkaserver.Jars(ctx, kafkaserver.DefaultVersion)
	if err != nil {
		return Run{}, err
	}
	args := []string{
		"-Xmx512m", "-cp", filepath.Join(lib, "*"), "org.apache.kafka.tools.ProducerPerformance", "--topic", topic,
		"--num-records", strconv.Itoa(2 * javaRecords), "--warmup-records", strconv.Itoa(javaRecords), "--throughput", "-1",
		"--record-size", strconv.Itoa(recordSize), "--bootstrap-server", strings.Join(b.Kafka.Brokers, ","),
		"--command-property", "acks=all",
	}
	if p.Linger != nil {
		args = append(args, fmt.Sprintf("linger.ms=%d", p.Linger.Milliseconds()))
	}
	if p.Batch != 0 {
		args = append(args, fmt.Sprintf("batch.size=%d", p.Batch))
	}
	cmd := exec.CommandContext(ctx, "java", args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	broker := b.Kafka.CPU()
	if err := cmd.Run(); err != nil {
		return Run{}, fmt.Errorf("run Kafka's ProducerPerformance: %w\n%s%s", err, out.String(), errs.String())
	}
	run := Run{
		Name: s.String(), Client: Java, Params: p.String(), Partitions: s.Partitions, Mode: s.Mode,
		ClientCPU: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), BrokerCPU: b.Kafka.CPU() - broker,
	}
	return run, readJava(out.String(), &run)
}

// steady is the line with which the tool sums up what came after its warm-up.
var steady = regexp.MustCompile(`steady state records sent, ([0-9.]+) records/sec .*, ([0-9.]+) ms max latency, ([0-9.]+) ms 50th, .* ([0-9.]+) ms 99th`)

// readJava takes the figures out of what the tool printed.
func readJava(out string, run *Run) error {
	m := steady.FindStringSubmatch(out)
	if m == nil {
		return fmt.Errorf("read what Kafka's ProducerPerformance printed: there is no steady state in it:\n%s", out)
	}
	for i, field := range []*float64{&run.Throughput, &run.MaxMs, &run.P50Ms, &run.P99Ms} {
		v, err := strconv.ParseFloat(m[i+1], 64)
		if err != nil {
			return fmt.Errorf("read what Kafka's ProducerPerformance printed: %w", err)
		}
		*field = v
	}
	return nil
}
