package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/veltrix/veltrix/lab/report"
)

// head names the columns of a scenario's table.
func head() []string {
	return []string{
		"client", "records/s", "p50", "p99", "max", "lost", "requests/s", "client CPU", "broker CPU", "allocs/record", "settings",
	}
}

// rows are the medians of a scenario, client by client.
func rows(runs []Run, name string) [][]string {
	var all [][]string
	live, _ := median(runs, name, Live)
	for _, client := range clients(runs, name) {
		m, _ := median(runs, name, client)
		all = append(all, []string{
			client, withRatio(fmt.Sprintf("%.0f", m.Throughput), live.Throughput, m.Throughput),
			millis(m.P50Ms), withRatio(millis(m.P99Ms), m.P99Ms, live.P99Ms), millis(m.MaxMs), fmt.Sprint(m.Errors + m.Dropped),
			fmt.Sprintf("%.0f", m.RequestsPerS), fmt.Sprintf("%.2f s", m.ClientCPU), fmt.Sprintf("%.2f s", m.BrokerCPU),
			fmt.Sprintf("%.1f", m.AllocsPerRecord), m.Params,
		})
	}
	return all
}

// summary writes the medians of one scenario as people read them.
func summary(out io.Writer, runs []Run, name string, took time.Duration) {
	fmt.Fprintf(out, "\n%s (%.0f s)\n", name, took.Seconds())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range append([][]string{head()}, rows(runs, name)...) {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	_ = w.Flush()
}

// Report is the result as a page to look at.
func (r *Result) Report() report.Page {
	p := report.Page{
		Title: "The live client beside others",
		Lead: fmt.Sprintf("On %s, with records of %d bytes; %s, %d CPUs, which the clients share with the broker. Medians of the rounds.",
			r.Environment.Kafka, r.Environment.RecordSize, r.Environment.Go, r.Environment.CPUs),
		Notes: []string{"The ratios in brackets say how many times better the live client is."},
	}
	for _, name := range names(r.Runs) {
		p.Tables = append(p.Tables, report.Table{Title: name, Head: head(), Rows: rows(r.Runs, name)})
	}
	return p
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
