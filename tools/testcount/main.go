// Command testcount reads the events of one or more runs of `go test -json` and prints what a person wants to read: the
// line of every package, the whole output of every failed test, every skipped test with its reason, and at the end a
// line of its own, "N passed, N failed". It exits with 1 if anything failed.
//
// A test that was run twice counts once, and as failed if it failed once. A package that fails without a failing test
// (it doesn't build, it panics, it runs out of time) counts as one failure.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	totals := flag.Bool("totals", true, "print the totals; -totals=false for one step of several")
	flag.Parse()
	c := newCounter(os.Stdout)
	if err := c.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
		os.Exit(1)
	}
	if *totals {
		c.printTotals()
	}
	if _, failed := c.count(); failed > 0 {
		os.Exit(1)
	}
}
