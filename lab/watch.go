package lab

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Progress writes what happens while it happens: a line for each second or so, and one for each decision that changed
// something. It works the same on a terminal and in a file, because every line is final.
type Progress struct {
	mu    sync.Mutex
	out   io.Writer
	lines int
}

// NewProgress returns a progress that writes to out.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out} }

// headEvery is the number of lines after which the head of the table is written again, so that it stays in sight.
const headEvery = 20

const rowFormat = "%5s  %-12s %8s %8s %9s %9s %9s %9s  %s\n"

// Say writes a sentence on a line of its own.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Row writes the figures of the seconds that have just passed, with the produce requests per second that the broker got.
func (p *Progress) Row(at time.Duration, phase string, f Figures, requests float64, effective settings.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines%headEvery == 0 {
		fmt.Fprintf(p.out, "\n"+rowFormat, "time", "phase", "sent/s", "ok/s", "mean", "p99", "timeouts", "requests", "settings")
	}
	p.lines++
	fmt.Fprintf(p.out, rowFormat, seconds(at), phase,
		fmt.Sprintf("%.0f", f.PerSecond), fmt.Sprintf("%.0f", f.OKPerS),
		ms(f.MeanMs), ms(f.P99Ms), fmt.Sprintf("%d", f.Timeouts), fmt.Sprintf("%.0f/s", requests), summary(effective))
}

// Decision writes a decision that changed something, with its reason.
func (p *Progress) Decision(at time.Duration, d tuner.Decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%5s  ▶ generation %d  %s\n", seconds(at), d.NextGeneration, d)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) }

func ms(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f ms", v)
	}
	return fmt.Sprintf("%.1f ms", v)
}

// summary names the settings that a reader of the demonstration follows.
func summary(v settings.Values) string {
	return fmt.Sprintf("linger.ms=%s batch.max.records=%s", v[settings.ProducerLingerMs], v[settings.ProducerBatchMaxRecords])
}

// every calls f at each full interval since begin, with the time since begin, until ctx ends.
func every(ctx context.Context, begin time.Time, interval time.Duration, f func(at time.Duration)) {
	for at := interval; sleepUntil(ctx, begin.Add(at)); at += interval {
		f(at)
	}
}
