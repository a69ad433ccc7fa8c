package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/rules/ruletest"
)

func testCommand() *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test FILES…",
		Short: "Run unit tests of rules, as promtool does, and of what they ask for",
		Long: `Run unit tests of rules: series of samples, and what the rules must make of them and
when. Files are a superset of those of "promtool test rules"; tuning_rule_test compares a
rule's state, whether it is blind, the guard that blocks it, and its actions.

With --coverage it says which transitions of each rule the tests have seen; with
--min-coverage too few of them are a failure.

Exits 0 if every test passes, 1 if one fails or can't be run.`,
		Example: `  veltrixctl test rules/*_test.yml
  veltrixctl test rules/producer_test.yml --coverage --min-coverage 100
  veltrixctl test rules/*_test.yml --output json`,
		Args: cobra.MinimumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error {
			if !slices.Contains([]string{"text", "json"}, o.output) {
				return &exitError{exitUsage, fmt.Errorf("--output %s: write text or json", o.output)}
			}
			if o.least < 0 || o.least > 100 {
				return &exitError{exitUsage, fmt.Errorf("--min-coverage %g: write 0 to 100", o.least)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), cmd.OutOrStdout(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.output, "output", "text", "text for people or json for machines")
	f.BoolVar(&o.coverage, "coverage", false, "show which transitions of each rule were seen")
	f.Float64Var(&o.least, "min-coverage", 0, "the least share of all transitions that must be seen, in percent")
	return cmd
}

type testOptions struct {
	output   string
	coverage bool
	least    float64
}

// run runs the tests of all files; the coverage is that of all of them together.
func (o *testOptions) run(ctx context.Context, out io.Writer, names []string) error {
	total := ruletest.Report{Failures: []ruletest.Failure{}, Coverage: ruletest.Coverage{}}
	for _, name := range names {
		file, err := ruletest.Load(name)
		if err != nil {
			return err
		}
		report, err := file.Run(ctx)
		if err != nil {
			return err
		}
		total.Tests += report.Tests
		total.Failures = append(total.Failures, report.Failures...)
		total.Coverage.Merge(report.Coverage)
	}
	if err := o.show(out, total); err != nil {
		return err
	}
	if len(total.Failures) > 0 {
		return &exitError{code: exitFailed}
	}
	if got := total.Coverage.Percent(); got < o.least {
		return fmt.Errorf("the tests have seen %.0f %% of the rules' transitions, wanted are %.0f %%; --coverage shows what is missing", got, o.least)
	}
	return nil
}

func (o *testOptions) show(out io.Writer, r ruletest.Report) error {
	if o.output == "json" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	for _, f := range r.Failures {
		fmt.Fprintln(out, f)
	}
	if o.coverage {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "RULE\tSEEN\tMISSING")
		for _, key := range slices.Sorted(maps.Keys(r.Coverage)) {
			c := r.Coverage[key]
			fmt.Fprintf(w, "%s\t%s\t%s\n", c.Rule, cmp.Or(list(c.Seen), "–"), cmp.Or(list(c.Missing), "–"))
		}
		fmt.Fprintf(w, "%.0f %% of all transitions\n", r.Coverage.Percent())
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if n := len(r.Failures); n > 0 {
		_, err := fmt.Fprintf(out, "%s, %s not met\n", plural(r.Tests, "test"), plural(n, "expectation"))
		return err
	}
	_, err := fmt.Fprintf(out, "%s: all passed\n", plural(r.Tests, "test"))
	return err
}

func list(all []ruletest.Transition) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = string(t)
	}
	return strings.Join(texts, ", ")
}
