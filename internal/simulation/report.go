package simulation

import (
	"fmt"
	"strings"
)

// The published study.
const (
	studyTrials = 1000
	studySeed   = 7 // thresholds were chosen with others
)

// Overlaps are the numbers of scrapes in a query's range that the study tries, at one scrape in 5 s.
func Overlaps() []int { return []int{1, 6, 12} }

// Published judges one case as docs/judge.md has it.
func Published(c Case) Result { return Study(c, studyTrials, studySeed) }

// Row is the table's line for one kind of noise and range: the share that was judged worse within ten minutes of each
// change, and after how many seconds half of those were.
func Row(noise Noise, overlap int, results []Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s, range %d s |", noise, 5*overlap)
	for _, r := range results {
		fmt.Fprintf(&b, " %.1f %%", 100*r.Share(studyReadings))
		if r.Change != NoChange && len(r.Readings) > 0 {
			fmt.Fprintf(&b, " (%d s)", 5*r.Readings[len(r.Readings)/2])
		}
		b.WriteString(" |")
	}
	return b.String()
}

// PublishedRow judges every change of a row.
func PublishedRow(noise Noise, overlap int) (string, []Result) {
	var results []Result
	for _, c := range Changes() {
		results = append(results, Published(Case{Noise: noise, Overlap: overlap, Change: c}))
	}
	return Row(noise, overlap, results), results
}
