package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/rules/ruletest"
)

func testCommand() *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test FILES…",
		Short: "Run unit tests of rules, as promtool does, and of what they ask for",
		Long: `Run unit tests of rules: series of samples, and what the rules must make of them and
when. Files of "promtool test rules" run unchanged; beside promtool's, tuning_rule_test
compares a rule's state, whether it is blind, the guard that blocks it, and its actions.

What is not as expected is shown field by field, with the last five evaluations and
their values. A test that names a rule, a series or a setting that doesn't exist, or
that expects nothing, fails.

With --coverage it says which transitions of each rule the tests have seen; with
--min-coverage too few of them are a failure.

Exits 0 if every test passes, 1 if one fails or can't be run.`,
		Example: `  veltrixctl test rules/*_test.yml
  veltrixctl test rules/producer_test.yml --run 'linger|timeouts' --debug
  veltrixctl test rules/producer_test.yml --coverage --min-coverage 100
  veltrixctl test rules/*_test.yml --junit report.xml`,
		Args:    cobra.MinimumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error { return o.validate() },
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.output, "output", "text", "text for people or json for machines")
	f.StringArrayVar(&o.names, "run", nil, "run only tests whose name matches this regular expression; may be repeated")
	f.BoolVar(&o.diff, "diff", false, "of what failed, show the fields that are as expected, too")
	f.BoolVar(&o.debug, "debug", false, "show the last five evaluations of what passed, too, and how often each group is evaluated")
	f.StringVar(&o.junit, "junit", "", "write the results to this file as JUnit's XML, too")
	f.BoolVar(&o.coverage, "coverage", false, "show which transitions of each rule were seen")
	f.Float64Var(&o.least, "min-coverage", 0, "the least share of all transitions that must be seen, in percent")
	return cmd
}

type testOptions struct {
	output      string
	names       []string
	only        *regexp.Regexp
	diff, debug bool
	junit       string
	coverage    bool
	least       float64
}

// validate refuses flags that mean nothing, as usage errors.
func (o *testOptions) validate() error {
	if !slices.Contains([]string{"text", "json"}, o.output) {
		return &exitError{exitUsage, fmt.Errorf("--output %s: write text or json", o.output)}
	}
	if o.least < 0 || o.least > 100 {
		return &exitError{exitUsage, fmt.Errorf("--min-coverage %g: write 0 to 100", o.least)}
	}
	if len(o.names) > 0 {
		only, err := regexp.Compile(strings.Join(o.names, "|"))
		if err != nil {
			return &exitError{exitUsage, fmt.Errorf("--run %s: %w", strings.Join(o.names, "|"), err)}
		}
		o.only = only
	}
	return nil
}

// testFile is what one file has come to: a report, or why it could not be run.
type testFile struct {
	name   string
	file   *ruletest.File
	report *ruletest.Report
	err    error
}

func (o *testOptions) run(ctx context.Context, out, complaints io.Writer, names []string) error {
	files := o.runAll(ctx, names)
	total := ruletest.Report{Cases: []ruletest.Case{}, Coverage: ruletest.Coverage{}}
	broken := false
	for _, f := range files {
		if f.err != nil {
			broken = true
			fmt.Fprintln(complaints, "veltrixctl:", f.err)
			continue
		}
		total.Cases = append(total.Cases, f.report.Cases...)
		total.Coverage.Merge(f.report.Coverage)
	}
	if err := o.show(out, files, &total); err != nil {
		return err
	}
	if o.junit != "" {
		if err := writeJUnit(o.junit, files); err != nil {
			return err
		}
	}
	switch {
	case broken, total.Failed() > 0:
		return &exitError{code: exitFailed}
	case len(total.Cases) == 0:
		return fmt.Errorf("no test's name matches --run %s, so that nothing was tested", o.only)
	}
	if got := total.Coverage.Percent(); got < o.least {
		return fmt.Errorf("the tests have seen %.0f %% of the rules' transitions, wanted are %.0f %%; --coverage shows what is missing", got, o.least)
	}
	return nil
}

// runAll runs the files side by side, and returns what came of them in their order.
func (o *testOptions) runAll(ctx context.Context, names []string) []testFile {
	files := make([]testFile, len(names))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		all.Go(func() error {
			f := testFile{name: name}
			if f.file, f.err = ruletest.Load(name); f.err == nil {
				f.report, f.err = f.file.Run(ctx, ruletest.Options{Run: o.only, Debug: o.debug})
			}
			files[i] = f
			return nil
		})
	}
	_ = all.Wait() // each file's error is its own
	return files
}

func (o *testOptions) show(out io.Writer, files []testFile, r *ruletest.Report) error {
	if o.output == "json" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	var b strings.Builder
	for _, f := range files {
		if o.debug && f.err == nil {
			b.WriteString(f.file.Intervals())
		}
		if f.err == nil {
			o.showCases(&b, f.report.Cases)
		}
	}
	if o.coverage {
		showCoverage(&b, r.Coverage)
	}
	fmt.Fprintf(&b, "%s: ", plural(len(r.Cases), "test"))
	if n := r.Failed(); n > 0 {
		fmt.Fprintf(&b, "%s not met\n", plural(n, "expectation"))
	} else {
		b.WriteString("all passed\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// showCases writes what was not met and, with --debug, what was.
func (o *testOptions) showCases(b *strings.Builder, cases []ruletest.Case) {
	for _, c := range cases {
		for i := range c.Met {
			fmt.Fprintf(b, "ok   %s: %s: %s\n", c.File, c.Name, c.Met[i].Full())
		}
		for i := range c.Failures {
			text := c.Failures[i].String()
			if o.diff {
				text = c.Failures[i].Full()
			}
			fmt.Fprintf(b, "FAIL %s: %s: %s\n", c.File, c.Name, text)
		}
	}
}

func showCoverage(b *strings.Builder, coverage ruletest.Coverage) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSEEN\tMISSING")
	for _, key := range slices.Sorted(maps.Keys(coverage)) {
		c := coverage[key]
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Rule, cmp.Or(list(c.Seen), "–"), cmp.Or(list(c.Missing), "–"))
	}
	fmt.Fprintf(w, "%.0f %% of all transitions\n", coverage.Percent())
	_ = w.Flush() // a strings.Builder takes everything
}

func list(all []ruletest.Transition) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = string(t)
	}
	return strings.Join(texts, ", ")
}
