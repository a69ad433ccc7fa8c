package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/rules"
)

func checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check FILES…",
		Short: "Check rule files without asking anybody",
		Long: `Check rule files without asking anybody.

A file that is invalid can't be loaded: bad YAML or PromQL, unknown keys, unknown
settings, bounds that leave no value. Lints find what is valid and most likely not
meant; docs/lints.md describes them and how to silence one with a reason.

Shipped packs are checked by their names, for example pack:kafka-producer. List
files that belong together in one call: the lints then know the metrics that any
of them records.`,
		Example: `  veltrixctl check rules/*.yml
  veltrixctl check pack:kafka-producer --selector '{job="hunt-engine"}'
  veltrixctl check rules/*.yml --format json --fail-on warning`,
		Args: cobra.MinimumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error {
			return o.validate()
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.check(cmd.OutOrStdout(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", strings.Join(checkFormats(), ", "))
	f.StringVar(&o.failOn, "fail-on", "error", "the least severity of a lint that makes the exit code 3: warning or error")
	f.StringVar(&o.selector, "selector", "", "the application's selector, to find expressions that contradict it")
	return cmd
}

type checkOptions struct {
	format, failOn, selector string
	matchers                 []*labels.Matcher
}

// validate refuses flags that mean nothing, as usage errors.
func (o *checkOptions) validate() error {
	if !slices.Contains(checkFormats(), o.format) {
		return &exitError{exitUsage, fmt.Errorf("--format %s: write one of %s", o.format, strings.Join(checkFormats(), ", "))}
	}
	if !slices.Contains([]string{"warning", "error"}, o.failOn) {
		return &exitError{exitUsage, fmt.Errorf("--fail-on %s: write warning or error", o.failOn)}
	}
	matchers, err := rules.ParseSelector(o.selector)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	o.matchers = matchers
	return nil
}

// checkReport is what was found, as it is written with --format json.
type checkReport struct {
	Files    int             `json:"files"`
	Rules    int             `json:"rules"`
	Problems []rules.Problem `json:"problems"`
}

func (o *checkOptions) check(out io.Writer, names []string) error {
	report := o.look(names)
	if err := report.write(out, o.format); err != nil {
		return err
	}
	switch {
	case report.count(rules.Invalid) > 0:
		return &exitError{code: exitFailed}
	case report.count(rules.Error) > 0, o.failOn == "warning" && report.count(rules.Warning) > 0:
		return &exitError{code: exitLint}
	}
	return nil
}

// look reads the files side by side, and lints those that are valid, together.
func (o *checkOptions) look(names []string) checkReport {
	report := checkReport{Files: len(names), Problems: []rules.Problem{}}
	files, errs := make([]*rules.File, len(names)), make([]error, len(names))
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		all.Go(func() error {
			files[i], errs[i] = o.load(name)
			return nil
		})
	}
	_ = all.Wait() // each file's error is its own
	var good []*rules.File
	for i, file := range files {
		if errs[i] != nil {
			report.add(names[i], errs[i])
			continue
		}
		for _, g := range file.Groups {
			report.Rules += len(g.Rules)
		}
		good = append(good, file)
	}
	report.Problems = append(report.Problems, rules.Lint(good)...)
	return report
}

// load reads a file and tries it with the application's selector.
func (o *checkOptions) load(name string) (*rules.File, error) {
	file, err := loadRules(name)
	if err == nil {
		_, err = rules.NewSet([]rules.Source{{File: file}}, rules.SetOptions{Selector: o.matchers})
	}
	return file, err
}

func loadRules(name string) (*rules.File, error) {
	if strings.HasPrefix(name, "pack:") {
		return rules.LoadPack(name)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		if path, ok := errors.AsType[*os.PathError](err); ok {
			err = path.Err // the name stands in front of the problem
		}
		return nil, fmt.Errorf("the file can't be read: %w", err)
	}
	return rules.Parse(name, content)
}

// add notes why a file is invalid.
func (r *checkReport) add(name string, err error) {
	found := rules.Problems(err)
	if len(found) == 0 {
		found = []rules.Problem{{File: name, Severity: rules.Invalid, Message: err.Error()}}
	}
	r.Problems = append(r.Problems, found...)
}

func (r *checkReport) count(severity rules.Severity) int {
	n := 0
	for _, p := range r.Problems {
		if p.Severity == severity {
			n++
		}
	}
	return n
}

func (r *checkReport) summary() string {
	if len(r.Problems) == 0 {
		return "no problems"
	}
	var parts []string
	if n := r.count(rules.Invalid); n > 0 {
		parts = append(parts, plural(n, "place")+" invalid")
	}
	if n := r.count(rules.Error); n > 0 {
		parts = append(parts, plural(n, "error"))
	}
	if n := r.count(rules.Warning); n > 0 {
		parts = append(parts, plural(n, "warning"))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
