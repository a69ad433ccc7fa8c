package sidecar

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// steps are the parts of a tick, in their order.
func steps() []string { return []string{"read", "measure", "evaluate", "decide", "commit", "report"} }

// metrics are the loop's own, named after Prometheus's for rules.
type metrics struct {
	tickDuration    *prometheus.HistogramVec
	ticks           prometheus.Counter
	ticksMissed     prometheus.Counter
	tickFailures    *prometheus.CounterVec
	lastTick        prometheus.Gauge
	leader          prometheus.Gauge
	decisions       *prometheus.CounterVec
	changes         prometheus.Counter
	objective       *prometheus.GaugeVec
	objectiveMax    *prometheus.GaugeVec
	objectiveMin    *prometheus.GaugeVec
	load            prometheus.Gauge
	trial           prometheus.Gauge
	generation      prometheus.Gauge
	instances       prometheus.Gauge
	acknowledged    prometheus.Gauge
	held            prometheus.Gauge
	ruleState       *prometheus.GaugeVec
	ruleBlind       *prometheus.GaugeVec
	evaluations     *prometheus.CounterVec
	failures        *prometheus.CounterVec
	queryDuration   prometheus.Histogram
	queryFailures   prometheus.Counter
	commitDuration  prometheus.Histogram
	commitConflicts prometheus.Counter
	annotations     *prometheus.CounterVec
	fileGood        *prometheus.GaugeVec
	reloadGood      prometheus.Gauge
	reloadTime      prometheus.Gauge
}

// latency is a histogram of seconds, classic and native.
func latency(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}
}

func newMetrics(r prometheus.Registerer, app string) *metrics {
	f := promauto.With(prometheus.WrapRegistererWith(prometheus.Labels{"app": app}, r))
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		tickDuration:    f.NewHistogramVec(latency("veltrix_tick_duration_seconds", "Time of a tick by step."), []string{"step"}),
		ticks:           counter("veltrix_ticks_total", "Ticks that came to a decision."),
		ticksMissed:     counter("veltrix_ticks_missed_total", "Ticks skipped because the one before took too long."),
		tickFailures:    counters("veltrix_tick_failures_total", "Ticks that came to nothing, by the step that failed.", "step"),
		lastTick:        gauge("veltrix_last_tick_timestamp_seconds", "When the last tick came to a decision."),
		leader:          gauge("veltrix_leader", "1 while this sidecar is the application's leader."),
		decisions:       counters("veltrix_decisions_total", "Decisions by reason.", "reason"),
		annotations:     counters("veltrix_annotations_total", "Annotations for Grafana: sent, failed, or dropped because too many waited.", "outcome"),
		changes:         counter("veltrix_changes_total", "Decisions that change the document, also in shadow."),
		objective:       gauges("veltrix_objective_value", "Last usable reading of an objective.", "objective"),
		objectiveMax:    gauges("veltrix_objective_max", "The most that an objective may be.", "objective"),
		objectiveMin:    gauges("veltrix_objective_min", "The least that an objective may be.", "objective"),
		load:            gauge("veltrix_load", "Last usable reading of the load."),
		trial:           gauge("veltrix_trial_running", "1 while a change is being watched."),
		generation:      gauge("veltrix_document_generation", "Generation of the stored document; 0 if there is none."),
		instances:       gauge("veltrix_instances", "Live instances of the application."),
		acknowledged:    gauge("veltrix_instances_acknowledged", "Live instances that run the stored document."),
		held:            gauge("veltrix_held", "1 while an operator holds settings."),
		ruleState:       gauges("veltrix_rule_state", "Phase of a rule: 0 inactive, 1 pending, 2 firing.", "rule_group", "rule"),
		ruleBlind:       gauges("veltrix_rule_blind", "1 while a rule has no usable answer.", "rule_group", "rule"),
		evaluations:     counters("veltrix_rule_evaluations_total", "Evaluations of rules.", "rule_group"),
		failures:        counters("veltrix_rule_evaluation_failures_total", "Evaluations without a usable answer.", "rule_group"),
		queryDuration:   f.NewHistogram(latency("veltrix_query_duration_seconds", "Time of a query to Prometheus.")),
		queryFailures:   counter("veltrix_query_failures_total", "Queries to Prometheus without an answer."),
		commitDuration:  f.NewHistogram(latency("veltrix_commit_duration_seconds", "Time of a transaction in etcd.")),
		commitConflicts: counter("veltrix_commit_conflicts_total", "Transactions refused because somebody else wrote in between."),
		fileGood:        gauges("veltrix_rules_file_last_load_successful", "1 if the present text of a rule file is in use.", "file"),
		reloadGood:      gauge("veltrix_config_last_reload_successful", "1 if the last load of the rule files worked."),
		reloadTime:      gauge("veltrix_config_last_reload_success_timestamp_seconds", "When rule files were last loaded."),
	}
	m.known()
	return m
}

// known makes every label value that can come exist from the start, so that a rate sees its first increment.
func (m *metrics) known() {
	for _, r := range tuner.Reasons() {
		m.decisions.WithLabelValues(string(r))
	}
	for _, s := range steps() {
		m.tickDuration.WithLabelValues(s)
		m.tickFailures.WithLabelValues(s)
	}
}

func (m *metrics) objectiveLimits(all []Objective) {
	for _, o := range all {
		if o.Max != nil {
			m.objectiveMax.WithLabelValues(o.Name).Set(*o.Max)
		}
		if o.Min != nil {
			m.objectiveMin.WithLabelValues(o.Name).Set(*o.Min)
		}
	}
}

func (m *metrics) loaded(r *ruleset, now time.Time) {
	m.fileGood.Reset()
	for name := range r.good {
		m.fileGood.WithLabelValues(name).Set(1)
	}
	for name := range r.failed {
		m.fileGood.WithLabelValues(name).Set(0)
	}
	m.reloadGood.Set(boolean(len(r.failed) == 0))
	if len(r.failed) == 0 {
		m.reloadTime.Set(float64(now.UnixMilli()) / 1000)
	}
	m.ruleState.Reset()
	m.ruleBlind.Reset()
}

func (m *metrics) reloadFailed() { m.reloadGood.Set(0) }

// tickTimer measures the steps of one tick.
type tickTimer struct {
	metrics *metrics
	last    time.Time
}

func (m *metrics) startTick() *tickTimer { return &tickTimer{metrics: m, last: time.Now()} }

func (t *tickTimer) done(step string) {
	now := time.Now()
	t.metrics.tickDuration.WithLabelValues(step).Observe(now.Sub(t.last).Seconds())
	t.last = now
}

// turned takes over what a turn found.
func (m *metrics) turned(t turn) {
	m.decisions.WithLabelValues(string(t.decision.Reason)).Inc()
	if t.decision.Changes() {
		m.changes.Inc()
	}
	if t.err == nil {
		m.ticks.Inc()
		m.lastTick.Set(float64(t.now.UnixMilli()) / 1000)
	}
	for name, r := range t.input.Objectives {
		if r.OK {
			m.objective.WithLabelValues(name).Set(r.Value)
		}
	}
	if t.input.Load.OK {
		m.load.Set(t.input.Load.Value)
	}
	m.trial.Set(boolean(t.state.Trial != nil))
	m.followed(t.before)
	m.ruled(t.evaluation.Rules)
}

// followed takes over what is stored.
func (m *metrics) followed(g ground) {
	generation, acknowledged := g.snapshot.Document.Generation, 0
	for i := range g.fleet {
		if g.fleet[i].Generation == generation {
			acknowledged++
		}
	}
	m.generation.Set(float64(generation))
	m.instances.Set(float64(len(g.fleet)))
	m.acknowledged.Set(float64(acknowledged))
	m.held.Set(boolean(g.snapshot.Hold != nil))
}

func (m *metrics) ruled(all []rules.RuleStatus) {
	phases := map[string]float64{rules.Pending: 1, rules.Firing: 2}
	for i := range all {
		r := &all[i]
		m.ruleState.WithLabelValues(r.Group, r.Rule).Set(phases[r.Phase])
		m.ruleBlind.WithLabelValues(r.Group, r.Rule).Set(boolean(!r.BlindSince.IsZero()))
		failures := m.failures.WithLabelValues(r.Group)
		if r.Outcome != "" {
			m.evaluations.WithLabelValues(r.Group).Inc()
		}
		if r.Outcome == rules.NoData || r.Outcome == rules.Indeterminate {
			failures.Inc()
		}
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
