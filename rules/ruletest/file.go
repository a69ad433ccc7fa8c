package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
)

// File is a test file.
type File struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	GroupEvalOrder     []string       `yaml:"group_eval_order"`
	FuzzyCompare       bool           `yaml:"fuzzy_compare"`
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
	// Faults are those under which the test runs once more.
	Faults []Fault `yaml:"faults"`
	// ExternalLabels and ExternalURL are what templates see of Prometheus.
	ExternalLabels labels.Labels `yaml:"external_labels"`
	ExternalURL    string        `yaml:"external_url"`
	// StartTimestamp is the time of the first sample, 1970 if it is left out.
	StartTimestamp Start `yaml:"start_timestamp"`
}

// Start is a time, in RFC 3339 or in seconds since 1970.
type Start struct{ time.Time }

// UnmarshalYAML reads either.
func (s *Start) UnmarshalYAML(n *yaml.Node) error {
	if seconds, err := strconv.ParseFloat(n.Value, 64); err == nil {
		whole, rest := math.Modf(seconds)
		s.Time = time.Unix(int64(whole), int64(rest*float64(time.Second))).UTC()
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, n.Value)
	if err != nil {
		return fmt.Errorf("line %d: start_timestamp %q is no time; write it as 2026-01-31T12:00:00Z, or in seconds since 1970", n.Line, n.Value)
	}
	s.Time = t
	return nil
}

// end is the last time that is looked at.
func (t *Test) end() time.Duration {
	var end time.Duration
	for _, e := range t.TuningRules {
		end = max(end, time.Duration(e.EvalTime))
	}
	for _, e := range t.AlertRules {
		end = max(end, time.Duration(e.EvalTime))
	}
	for _, e := range t.Expressions {
		end = max(end, time.Duration(e.EvalTime))
	}
	return end
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

// AlertExpect is an alert with all its labels, but for its name, and all its annotations.
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
	// Histogram is a native histogram in promtool's notation; the value doesn't count then.
	Histogram string `yaml:"histogram"`
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
	if len(f.Tests) == 0 {
		complain("tests is missing; without one nothing is tested")
	}
	for i, name := range f.GroupEvalOrder {
		if slices.Contains(f.GroupEvalOrder[:i], name) {
			complain("group_eval_order has %q twice; keep one", name)
		}
	}
	for i := range f.Tests {
		t := &f.Tests[i]
		if t.Name == "" {
			t.Name = fmt.Sprintf("test %d", i+1)
		}
		if t.Interval == 0 {
			t.Interval = f.EvaluationInterval
		}
		if len(f.RuleFiles) == 0 && len(t.TuningRules)+len(t.AlertRules) > 0 {
			complain("rule_files is missing; name the files under test")
		}
		t.validate(complain)
	}
	return errors.Join(errs...)
}

// validate refuses expectations that say nothing, or that can't be met by anything.
func (t *Test) validate(complain func(format string, args ...any)) {
	if len(t.TuningRules)+len(t.AlertRules)+len(t.Expressions) == 0 {
		complain("%s expects nothing; write tuning_rule_test, alert_rule_test or promql_expr_test", t.Name)
	}
	for _, s := range t.InputSeries {
		if problem := unknownSetting(s.Series); problem != "" {
			complain("%s: input_series %s: %s", t.Name, s.Series, problem)
		}
	}
	for _, e := range t.AlertRules {
		if e.Alertname == "" {
			complain("%s: the alert_rule_test at %s has no alertname; write the alert's name", t.Name, e.EvalTime)
		}
	}
	for i := range t.TuningRules {
		t.TuningRules[i].validate(t.Name, complain)
	}
	for i := range t.Faults {
		t.Faults[i].validate(t.Name, complain)
	}
}

func (e *TuningRuleTest) validate(test string, complain func(format string, args ...any)) {
	if e.State == nil && e.Blind == nil && e.Blocked == nil && e.Actions == nil {
		complain("%s: the test of %s at %s expects nothing; write exp_state, exp_blind, exp_blocked or exp_actions", test, e.Rule, e.EvalTime)
	}
	if e.State != nil && !slices.Contains([]string{rules.Inactive, rules.Pending, rules.Firing}, *e.State) {
		complain("%s: exp_state of %s is %q; write inactive, pending or firing", test, e.Rule, *e.State)
	}
	if e.Actions == nil {
		return
	}
	for _, a := range *e.Actions {
		if !known(a.Set) {
			complain("%s: exp_actions of %s: %q is no setting; %s", test, e.Rule, a.Set, rules.Suggest(a.Set, settingNames()))
		}
	}
}

// Intervals says how often the rules are evaluated, and how far apart the samples of each test are.
func (f *File) Intervals() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: rules are evaluated every %s\n", f.name, f.EvaluationInterval)
	for i := range f.Tests {
		fmt.Fprintf(&b, "  %s: a sample every %s\n", f.Tests[i].Name, f.Tests[i].Interval)
	}
	return b.String()
}

func known(setting string) bool {
	_, ok := settings.Lookup(settings.Name(setting))
	return ok
}

func settingNames() []string {
	var names []string
	for _, s := range settings.All() {
		names = append(names, string(s.Name))
	}
	return names
}
