package ruletest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
)

// FaultKind is something that goes wrong with data.
type FaultKind string

// The faults. All but Duplicate happen at one sample of every series.
const (
	// Gap: the scrape failed, and nothing is there.
	Gap FaultKind = "gap"
	// Stale: Prometheus has marked the series as gone, for one scrape.
	Stale FaultKind = "stale"
	// NaN: the sample is no number.
	NaN FaultKind = "nan"
	// Reset: the counters begin anew, because the process was restarted.
	Reset FaultKind = "reset"
	// Late: the sample is there only when the next one is.
	Late FaultKind = "late"
	// Duplicate: every series is there a second time, from another target, all the time.
	Duplicate FaultKind = "duplicate"
)

// FaultKinds returns all faults.
func FaultKinds() []FaultKind { return []FaultKind{Gap, Stale, NaN, Reset, Late, Duplicate} }

// Fault is a fault under which a test runs once more. What the test expects must hold all the same, or what stands here.
type Fault struct {
	Fault FaultKind `yaml:"fault"`
	// At is the time of the sample; if it is left out, the test runs once for each of its samples.
	At          *model.Duration  `yaml:"at"`
	TuningRules []TuningRuleTest `yaml:"tuning_rule_test"`
	AlertRules  []AlertRuleTest  `yaml:"alert_rule_test"`
	Expressions []ExprTest       `yaml:"promql_expr_test"`
}

func (f *Fault) validate(test string, complain func(format string, args ...any)) {
	if !slices.Contains(FaultKinds(), f.Fault) {
		complain("%s: faults: there is no fault %q; write one of gap, stale, nan, reset, late, duplicate", test, f.Fault)
	}
	for i := range f.TuningRules {
		f.TuningRules[i].validate(test, complain)
	}
}

// fault is one that happens at a time.
type fault struct {
	kind FaultKind
	at   time.Duration
}

// faulted is a test under a fault.
type faulted struct {
	test  Test
	fault fault
}

// underFaults returns the test once more for each of its faults.
func (t *Test) underFaults() []faulted {
	var all []faulted
	for _, f := range t.Faults {
		test := *t
		if len(f.TuningRules)+len(f.AlertRules)+len(f.Expressions) > 0 {
			test.TuningRules, test.AlertRules, test.Expressions = f.TuningRules, f.AlertRules, f.Expressions
		}
		for _, at := range f.times(t) {
			test.Name = fmt.Sprintf("%s, with %s at %s", t.Name, f.Fault, model.Duration(at))
			if f.Fault == Duplicate {
				test.Name = t.Name + ", with every series twice"
			}
			all = append(all, faulted{test, fault{f.Fault, at}})
		}
	}
	return all
}

// times returns when the fault happens, each in a run of its own.
func (f *Fault) times(t *Test) []time.Duration {
	switch {
	case f.Fault == Duplicate:
		return []time.Duration{0}
	case f.At != nil:
		return []time.Duration{time.Duration(*f.At)}
	}
	var all []time.Duration
	for at := time.Duration(0); at <= t.end(); at += time.Duration(t.Interval) {
		all = append(all, at)
	}
	return all
}

// apply returns what becomes of an input series.
func (f fault) apply(in *inputSeries, interval time.Duration) []*inputSeries {
	i := int(f.at / interval)
	if f.kind == Duplicate {
		twin := *in
		twin.metric = another(in.metric)
		return []*inputSeries{in, &twin}
	}
	if f.kind == "" || i >= len(in.values) {
		return []*inputSeries{in}
	}
	in.values = slices.Clone(in.values)
	switch f.kind {
	case Gap:
		in.values[i].Omitted = true
	case Stale:
		in.values[i] = parser.SequenceValue{Value: math.Float64frombits(value.StaleNaN)}
	case NaN:
		in.values[i] = parser.SequenceValue{Value: math.NaN()}
	case Reset:
		reset(in, i)
	case Late:
		in.late = in.next.Add(time.Duration(i) * interval)
	case Duplicate:
	}
	return []*inputSeries{in}
}

// another is the same series of another target.
func another(metric labels.Labels) labels.Labels {
	return labels.NewBuilder(metric).Set("instance", metric.Get("instance")+"-twin").Labels()
}

// reset lets a counter begin at 0 with its sample i. Gauges keep what they have.
func reset(in *inputSeries, i int) {
	name := in.metric.Get(model.MetricNameLabel)
	counts := slices.ContainsFunc([]string{"_total", "_bucket", "_sum", "_count"}, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
	lost := in.values[i].Value
	if !counts || in.values[i].Omitted || math.IsNaN(lost) {
		return
	}
	for j := i; j < len(in.values); j++ {
		in.values[j].Value = max(0, in.values[j].Value-lost)
	}
}
