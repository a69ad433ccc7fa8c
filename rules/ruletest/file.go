package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/rules"
)

// File is a test file.
type File struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	Selector           string         `yaml:"selector"`
	Range              model.Duration `yaml:"range"`
	Tests              []Test         `yaml:"tests"`

	name string
}

// Test is one story: series, and what must be seen when.
type Test struct {
	Name        string           `yaml:"name"`
	Interval    model.Duration   `yaml:"interval"`
	InputSeries []Series         `yaml:"input_series"`
	TuningRules []TuningRuleTest `yaml:"tuning_rule_test"`
	AlertRules  []AlertRuleTest  `yaml:"alert_rule_test"`
	Expressions []ExprTest       `yaml:"promql_expr_test"`
}

// Series is one series in promtool's notation.
type Series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

// TuningRuleTest is what a rule must be at a time. What is left out is not compared.
type TuningRuleTest struct {
	EvalTime model.Duration  `yaml:"eval_time"`
	Rule     string          `yaml:"rule"`
	State    *string         `yaml:"exp_state"`
	Blind    *bool           `yaml:"exp_blind"`
	Blocked  *string         `yaml:"exp_blocked"`
	Actions  *[]ActionExpect `yaml:"exp_actions"`
}

// ActionExpect is an action with its operand.
type ActionExpect struct {
	Set     string   `yaml:"set"`
	Operand *float64 `yaml:"operand"`
	Word    string   `yaml:"word"`
}

// AlertRuleTest is promtool's: the alerts of a name that fire at a time.
type AlertRuleTest struct {
	EvalTime  model.Duration `yaml:"eval_time"`
	Alertname string         `yaml:"alertname"`
	Alerts    []AlertExpect  `yaml:"exp_alerts"`
}

// AlertExpect is an alert with labels, which must be the rule's. Annotations are not rendered here, and not compared.
type AlertExpect struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// ExprTest is promtool's: what an expression gives at a time. The application's selector is not added to it.
type ExprTest struct {
	Expr     string         `yaml:"expr"`
	EvalTime model.Duration `yaml:"eval_time"`
	Samples  []SampleExpect `yaml:"exp_samples"`
}

// SampleExpect is a sample with its labels in PromQL's notation.
type SampleExpect struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

// defaultInterval is promtool's.
const defaultInterval = time.Minute

// Load reads a test file. Unknown keys, and tests without series or expectations, are errors.
func Load(name string) (*File, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	f := &File{name: name}
	if err := dec.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if f.EvaluationInterval == 0 {
		f.EvaluationInterval = model.Duration(defaultInterval)
	}
	return f, f.validate()
}

func (f *File) validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(f.name+": "+format, args...)) }
	if len(f.RuleFiles) == 0 {
		complain("rule_files is missing; name the files under test")
	}
	if len(f.Tests) == 0 {
		complain("tests is missing; without one nothing is tested")
	}
	for i := range f.Tests {
		t := &f.Tests[i]
		if t.Name == "" {
			t.Name = fmt.Sprintf("test %d", i+1)
		}
		if len(t.TuningRules)+len(t.AlertRules)+len(t.Expressions) == 0 {
			complain("%s expects nothing; write tuning_rule_test, alert_rule_test or promql_expr_test", t.Name)
		}
		for _, e := range t.TuningRules {
			if e.State == nil && e.Blind == nil && e.Blocked == nil && e.Actions == nil {
				complain("%s: the test of %s at %s expects nothing; write exp_state, exp_blind, exp_blocked or exp_actions", t.Name, e.Rule, e.EvalTime)
			}
			if e.State != nil && !slices.Contains([]string{rules.Inactive, rules.Pending, rules.Firing}, *e.State) {
				complain("%s: exp_state of %s is %q; write inactive, pending or firing", t.Name, e.Rule, *e.State)
			}
		}
	}
	return errors.Join(errs...)
}

// set loads the rules under test.
func (f *File) set() (*rules.Set, error) {
	var sources []rules.Source
	for _, entry := range f.RuleFiles {
		files, err := f.load(entry)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			sources = append(sources, rules.Source{File: file, Range: time.Duration(f.Range)})
		}
	}
	selector, err := rules.ParseSelector(f.Selector)
	if err != nil {
		return nil, err
	}
	return rules.NewSet(sources, rules.SetOptions{Selector: selector, Interval: time.Duration(f.EvaluationInterval)})
}

// load reads a pack, or the files of a pattern beside the test file.
func (f *File) load(entry string) ([]*rules.File, error) {
	if pack, ok := strings.CutPrefix(entry, "pack:"); ok {
		file, err := rules.LoadPack(pack)
		return []*rules.File{file}, err
	}
	pattern := entry
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(f.name), pattern)
	}
	names, err := filepath.Glob(pattern)
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s: rule_files: %q matches no file; paths begin at the test file's folder", f.name, entry)
	}
	if err != nil {
		return nil, err
	}
	var files []*rules.File
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the rules: %w", err)
		}
		file, err := rules.Parse(name, content)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}
