package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// Result is what a run of the benchmark found.
type Result struct {
	Environment Environment `json:"environment"`
	Runs        []Run       `json:"runs"`
	// Ratios compare the live client with the others by the medians of the rounds.
	Ratios []Ratio `json:"ratios"`
}

// Environment says on what a run ran.
type Environment struct {
	Kafka      string `json:"kafka"`
	Go         string `json:"go"`
	CPUs       int    `json:"cpus"`
	RecordSize int    `json:"record_bytes"`
}

func environment(kafka string) Environment {
	return Environment{Kafka: kafka, Go: runtime.Version(), CPUs: runtime.NumCPU(), RecordSize: recordSize}
}

// Run is one client in one scenario in one round. Latencies are in milliseconds and count from when a record was due.
// The CPU is that of this process, load generator included, and for java that of its own process.
type Run struct {
	Name            string  `json:"name"`
	Client          string  `json:"client"`
	Params          string  `json:"params"`
	Round           int     `json:"round"`
	Partitions      int     `json:"partitions"`
	Mode            Mode    `json:"mode"`
	Callers         int     `json:"callers"`
	Rate            float64 `json:"rate"`
	Throughput      float64 `json:"throughput_per_s"`
	P50Ms           float64 `json:"p50_ms"`
	P99Ms           float64 `json:"p99_ms"`
	MaxMs           float64 `json:"max_ms"`
	Errors          int64   `json:"errors"`
	Dropped         int64   `json:"dropped"`
	RequestsPerS    float64 `json:"requests_per_s"`
	ClientCPU       float64 `json:"client_cpu_s"`
	BrokerCPU       float64 `json:"broker_cpu_s,omitempty"`
	AllocsPerRecord float64 `json:"allocs_per_record"`
}

// Ratio compares live with another client in one scenario: above 1 is better for live, for throughput and latency alike.
type Ratio struct {
	Scenario   string  `json:"scenario"`
	Against    string  `json:"against"`
	Throughput float64 `json:"throughput"`
	P99        float64 `json:"p99,omitempty"`
	Requests   float64 `json:"requests,omitempty"`
	CPU        float64 `json:"cpu_per_record,omitempty"`
}

// Write stores the result as JSON in file.
func (r *Result) Write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil { //nolint:gosec // a report, made to be read by others
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// runOf turns a tally into a run.
func runOf(s Scenario, client string, p Params, round int, t *tally, requests int64) Run {
	seconds := t.elapsed.Seconds()
	records := float64(max(1, t.acknowledged.Load()))
	r := Run{
		Name: s.String(), Client: client, Params: p.String(), Round: round, Partitions: s.Partitions, Mode: s.Mode,
		Callers: s.Callers, Rate: s.Rate, Throughput: float64(t.acknowledged.Load()) / seconds,
		Errors: t.errors.Load(), Dropped: t.dropped.Load(), RequestsPerS: float64(requests) / seconds,
		ClientCPU: t.usage.cpu.Seconds(), AllocsPerRecord: float64(t.usage.allocs) / records,
	}
	if h := t.latencies(); h.TotalCount() > 0 {
		r.P50Ms = float64(h.ValueAtQuantile(50)) / 1000
		r.P99Ms = float64(h.ValueAtQuantile(99)) / 1000
		r.MaxMs = float64(h.Max()) / 1000
	}
	return r
}
