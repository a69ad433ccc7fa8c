package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// summary writes the medians of one scenario as people read them.
func summary(out io.Writer, runs []Run, name string, took time.Duration) {
	fmt.Fprintf(out, "\n%s (%.0f s)\n", name, took.Seconds())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "client\trecords/s\tp50\tp99\tmax\tlost\trequests/s\tclient CPU\tbroker CPU\tallocs/record\tsettings\t")
	live, _ := median(runs, name, Live)
	for _, client := range clients(runs, name) {
		m, _ := median(runs, name, client)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.2f s\t%.2f s\t%.1f\t%s\t\n", client,
			withRatio(fmt.Sprintf("%.0f", m.Throughput), live.Throughput, m.Throughput),
			millis(m.P50Ms), withRatio(millis(m.P99Ms), m.P99Ms, live.P99Ms), millis(m.MaxMs),
			fmt.Sprint(m.Errors+m.Dropped), m.RequestsPerS, m.ClientCPU, m.BrokerCPU, m.AllocsPerRecord, m.Params)
	}
	_ = w.Flush()
}

// withRatio adds how many times better live is.
func withRatio(text string, a, b float64) string {
	if a == 0 || b == 0 || a == b {
		return text
	}
	return fmt.Sprintf("%s (×%.2f)", text, a/b)
}

func millis(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ms", ms)
}
