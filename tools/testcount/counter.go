package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json`, see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build events
	Test        string
	Output      string
	FailedBuild string
}

type key struct{ pkg, test string }

// counter prints events as they come and keeps the results.
type counter struct {
	out     io.Writer
	output  map[key][]string // what a test or a build has said so far
	running map[key]bool
	results map[key]string // "pass", "fail" or "skip"
	skipped []string
}

func newCounter(out io.Writer) *counter {
	return &counter{out: out, output: map[key][]string{}, running: map[key]bool{}, results: map[key]string{}}
}

// read takes events until r ends. Lines that are no events are printed as they are.
func (c *counter) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				fmt.Fprint(c.out, string(line))
			} else {
				c.take(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
}

func (c *counter) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "run":
		c.running[k] = true
	case "output":
		c.say(k, e.Output)
	case "build-output":
		k := key{pkg: e.ImportPath}
		c.output[k] = append(c.output[k], e.Output)
	case "build-fail":
		fmt.Fprint(c.out, strings.Join(c.output[key{pkg: e.ImportPath}], ""))
	case "pass", "fail", "skip":
		c.end(k, e)
	}
}

// say prints a package's own result line at once and keeps everything else in case its test fails.
func (c *counter) say(k key, text string) {
	if k.test == "" && isResult(text) {
		fmt.Fprint(c.out, text)
		return
	}
	c.output[k] = append(c.output[k], text)
}

// isResult says whether text is the line that `go test` ends a package with.
func isResult(text string) bool {
	for _, start := range []string{"ok  \t", "FAIL\t", "?   \t"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

func (c *counter) end(k key, e event) {
	delete(c.running, k)
	if k.test == "" {
		if e.Action == "fail" {
			c.endFailed(k)
		}
		return
	}
	if c.results[k] != "fail" {
		c.results[k] = e.Action
	}
	switch e.Action {
	case "fail":
		c.printFailed(k)
	case "skip":
		c.skipped = append(c.skipped, fmt.Sprintf("skipped: %s %s: %s", k.pkg, k.test, reason(c.output[k])))
	}
	delete(c.output, k)
}

// Of an output that is longer than longOutput, its last endLines stand first: there is what failed, and who reads only the
// beginning of a long log sees it.
const (
	longOutput = 100
	endLines   = 30
)

// printFailed prints what a failed test said.
func (c *counter) printFailed(k key) {
	said := c.output[k]
	if len(said) > longOutput {
		end := strings.Join(said[len(said)-endLines:], "")
		fmt.Fprintf(c.out, "%s of %s failed and ended with:\n%s\nall that it said:\n", k.test, k.pkg, end)
	}
	fmt.Fprint(c.out, strings.Join(said, ""))
}

// endFailed ends a package that failed. What was still running failed with it; if no test did, the package itself counts.
func (c *counter) endFailed(k key) {
	failed := false
	for t := range c.running {
		if t.pkg == k.pkg {
			delete(c.running, t)
			c.results[t], failed = "fail", true
			c.printFailed(t)
		}
	}
	for t, result := range c.results {
		failed = failed || t.pkg == k.pkg && result == "fail"
	}
	if !failed {
		c.results[k] = "fail"
		fmt.Fprint(c.out, strings.Join(c.output[k], ""))
	}
}

// reason finds what a skipped test said, without the frame that `go test` puts around it.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

func (c *counter) count() (passed, failed int) {
	for _, result := range c.results {
		switch result {
		case "pass":
			passed++
		case "fail":
			failed++
		}
	}
	return passed, failed
}

// printTotals ends with a line of its own.
func (c *counter) printTotals() {
	slices.Sort(c.skipped)
	for _, line := range slices.Compact(c.skipped) {
		fmt.Fprintln(c.out, line)
	}
	passed, failed := c.count()
	fmt.Fprintf(c.out, "%d passed, %d failed\n", passed, failed)
}
