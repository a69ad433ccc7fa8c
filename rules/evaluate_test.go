package rules_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// ticker evaluates a set tick after tick with the answers that a test gives it.
type ticker struct {
	t      *testing.T
	set    *rules.Set
	now    time.Time
	states map[string]tuner.RuleState
}

func newTicker(t *testing.T, text string) *ticker {
	t.Helper()
	f, err := rules.Parse("t.yml", []byte(text))
	require.NoError(t, err)
	set, err := rules.NewSet([]rules.Source{{File: f}}, rules.SetOptions{Interval: 5 * time.Second})
	require.NoError(t, err)
	return &ticker{t: t, set: set, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
}

// tick lets five seconds pass and answers each query by the function.
func (k *ticker) tick(answer func(q string) rules.Result) rules.Evaluation {
	k.now = k.now.Add(5 * time.Second)
	results := map[string]rules.Result{}
	for _, q := range k.set.Queries(k.now, k.states) {
		results[q] = answer(q)
	}
	e := k.set.Evaluate(k.now, k.states, results)
	k.states = e.States
	return e
}

// x answers for a metric x with that value: the metric itself, and comparisons of it with a number.
func x(v float64) func(string) rules.Result {
	return func(q string) rules.Result {
		var op string
		var limit float64
		if n, _ := fmt.Sscanf(q, "x %s %g", &op, &limit); n == 2 && (op == ">") != (v > limit) {
			return rules.Result{}
		}
		return one(v)
	}
}

func one(v float64) rules.Result { return rules.Result{Samples: []rules.Sample{{Value: v}}} }

func all(r rules.Result) func(string) rules.Result { return func(string) rules.Result { return r } }

func nothing(string) rules.Result { return rules.Result{} }

const slow = `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, for: 10s, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, to: 20}]}]}]`

// Three evaluations in a row make a rule fire; a hole in between pauses the count and doesn't restart it.
func TestABlindTickPausesForAndDoesNotRestartIt(t *testing.T) {
	for name, blind := range map[string]func(string) rules.Result{
		"no data":  nothing,
		"NaN":      all(one(math.NaN())),
		"infinity": all(one(math.Inf(1))),
		"error":    all(rules.Result{Err: errors.New("timeout")}),
		"two":      all(rules.Result{Samples: make([]rules.Sample, 2)}),
	} {
		t.Run(name, func(t *testing.T) {
			k := newTicker(t, slow)
			require.Equal(t, rules.Pending, k.tick(x(2)).Rules[0].Phase)
			require.Equal(t, rules.Pending, k.tick(x(2)).Rules[0].Phase)
			require.Equal(t, rules.Pending, k.tick(blind).Rules[0].Phase)
			require.Empty(t, k.tick(x(2)).Signals, "the blind time doesn't count")
			require.Equal(t, rules.Firing, k.tick(x(2)).Rules[0].Phase)
		})
	}
}

func TestAFalseTickStartsAnew(t *testing.T) {
	k := newTicker(t, slow)
	k.tick(x(2))
	k.tick(x(2))
	k.tick(x(1))
	k.tick(x(2))
	require.Equal(t, rules.Pending, k.tick(x(2)).Rules[0].Phase)
	require.Len(t, k.tick(x(2)).Signals, 1)
}

// Of a long gap, such as a restart, one interval counts: nothing acts earlier than it would have with full sight.
func TestAGapIsNotCountedAsTime(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, for: 1m}]}]`)
	k.tick(x(2))
	k.now = k.now.Add(time.Hour)
	e := k.tick(x(2))
	require.Equal(t, rules.Pending, e.Rules[0].Phase)
	require.Equal(t, 5*time.Second, e.Rules[0].Held)
}

// A clock that jumps back counts as no time at all.
func TestAClockThatJumpsBackCountsNothing(t *testing.T) {
	k := newTicker(t, slow)
	k.tick(x(2))
	k.now = k.now.Add(-time.Hour)
	e := k.tick(x(2))
	require.Equal(t, rules.Pending, e.Rules[0].Phase)
	require.Zero(t, e.Rules[0].Held)
	k.tick(x(2))
	require.Equal(t, rules.Firing, k.tick(x(2)).Rules[0].Phase)
}

// Ticks that come a moment early make for no longer.
func TestATickThatIsEarlyByAMomentStillCounts(t *testing.T) {
	k := newTicker(t, slow)
	k.tick(x(2))
	k.now = k.now.Add(-20 * time.Millisecond)
	k.tick(x(2))
	k.now = k.now.Add(-20 * time.Millisecond)
	require.Equal(t, rules.Firing, k.tick(x(2)).Rules[0].Phase)
}

// Where for is raised, a rule that fires waits again, as in Prometheus.
func TestAFiringRuleWaitsAgainWhenForIsRaised(t *testing.T) {
	k := newTicker(t, slow)
	for range 3 {
		k.tick(x(2))
	}
	longer := newTicker(t, strings.Replace(slow, "10s", "1m", 1))
	longer.now, longer.states = k.now, k.states
	require.Equal(t, rules.Pending, longer.tick(x(2)).Rules[0].Phase)
}

func TestWhatMissingDataMeanIsTheRulesToSay(t *testing.T) {
	for on, want := range map[string]string{"hold": rules.Firing, "clear": rules.Inactive, "revert": rules.Firing} {
		t.Run(on, func(t *testing.T) {
			k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: `+on+`, actions: [{set: producer.linger.ms, to: 20}]}]}]`)
			require.Len(t, k.tick(x(2)).Signals, 1)
			e := k.tick(nothing)
			require.Equal(t, want, e.Rules[0].Phase)
			require.Equal(t, rules.NoData, e.Rules[0].Outcome)
			for _, s := range e.Signals {
				require.Contains(t, s.Blocked, "no data: x")
				require.False(t, s.Revert, "one scrape that went wrong undoes nothing")
			}
			e = k.tick(nothing)
			require.Equal(t, on == "revert", len(e.Signals) > 0 && e.Signals[0].Revert)
			require.Equal(t, rules.Indeterminate, k.tick(all(one(math.NaN()))).Rules[0].Outcome)
		})
	}
}

// A trial may have healed what its rule saw. If the rule goes blind then, it still asks for the trial to be taken back.
func TestARuleThatNoLongerFiresStillReverts(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: revert, mode: enforce, actions: [{set: producer.linger.ms, to: 20}]}]}]`)
	k.tick(x(2))
	require.Empty(t, k.tick(x(1)).Signals)
	require.Empty(t, k.tick(nothing).Signals)
	signals := k.tick(nothing).Signals
	require.Len(t, signals, 1)
	require.True(t, signals[0].Revert)
	require.Empty(t, k.tick(x(1)).Signals)
}

// Missing data that count as false end a rule as false would: not before keep_firing_for is over.
func TestClearAndKeepFiringForTogether(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: A, expr: x > 1, keep_firing_for: 10s, class: interlock, on_missing: clear}]}]`)
	k.tick(x(2))
	require.Equal(t, rules.Firing, k.tick(nothing).Rules[0].Phase)
	require.Equal(t, rules.Firing, k.tick(nothing).Rules[0].Phase)
	require.Equal(t, rules.Inactive, k.tick(nothing).Rules[0].Phase)
}

// keep_firing_for counts from the first evaluation that is false, as in Prometheus.
func TestClearExprAndKeepFiringForDelayTheEnd(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: A, expr: x > 10, clear_expr: x < 5}, {alert: B, expr: x > 10, keep_firing_for: 10s}]}]`)
	phases := func(v float64) []string {
		e := k.tick(x(v))
		return []string{e.Rules[0].Phase, e.Rules[1].Phase}
	}
	require.Equal(t, []string{rules.Firing, rules.Firing}, phases(11))
	require.Equal(t, []string{rules.Firing, rules.Firing}, phases(7))
	require.Equal(t, []string{rules.Firing, rules.Firing}, phases(7))
	require.Equal(t, []string{rules.Firing, rules.Inactive}, phases(7))
	require.Equal(t, []string{rules.Inactive, rules.Inactive}, phases(4))
}

// A guard that is false or has no data forbids the action and says so.
func TestAGuardWithoutDataBlocks(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: hold, guards: [{name: brokers, expr: up == 1}], actions: [{set: producer.linger.ms, to: 20}]}]}]`)
	guard := func(condition, sight rules.Result) rules.Evaluation {
		return k.tick(func(q string) rules.Result {
			switch q {
			case "up == 1":
				return condition
			case "up":
				return sight
			}
			return x(2)(q)
		})
	}
	require.Empty(t, guard(one(1), one(1)).Signals[0].Blocked)
	require.Equal(t, "guard brokers does not hold", guard(rules.Result{}, one(0)).Signals[0].Blocked)
	e := guard(rules.Result{}, rules.Result{})
	require.Equal(t, "guard brokers has no usable answer: no data: up", e.Signals[0].Blocked)
	require.Equal(t, []rules.GuardStatus{{Name: "brokers", Outcome: rules.NoData, Why: "no data: up"}}, e.Rules[0].Guards)
}

// The expressions of target and ratio are evaluated; one without a usable value makes its action blind, not 0.
func TestOperandsAreEvaluated(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, target: y}, {set: producer.batch.size, ratio: {expr: z, target: 4}}]}]}]`)
	e := k.tick(func(q string) rules.Result {
		switch q {
		case "y":
			return rules.Result{}
		case "z":
			return one(8)
		}
		return x(2)(q)
	})
	require.True(t, e.Signals[0].Actions[0].Blind)
	require.InDelta(t, 2, e.Signals[0].Actions[1].Operand, 0)
	require.InDelta(t, 2, e.Signals[0].Value, 0)
}

// A group with an interval of its own is asked and evaluated only then. What fires stands in between, with guards and
// operands that are asked afresh.
func TestAGroupHasItsOwnInterval(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, interval: 15s, rules: [{alert: Down, expr: x > 7, class: interlock}, {alert: Slow, expr: x > 1, for: 30s, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, target: y}]}, {alert: Off, expr: x > 1, mode: off}]}]`)
	require.Len(t, k.tick(x(9)).Signals, 1)
	require.Empty(t, k.set.Queries(k.now.Add(5*time.Second), k.states))
	for range 5 {
		require.Len(t, k.tick(x(1)).Signals, 1-boolToInt(k.now.Second() >= 20), "Down stands until the next evaluation")
	}
	k = newTicker(t, `groups: [{name: g, interval: 15s, rules: [{alert: Slow, expr: x > 1, for: 30s, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, target: y}]}]}]`)
	for range 6 {
		require.Empty(t, k.tick(x(2)).Signals)
	}
	require.Len(t, k.tick(x(2)).Signals, 1, "30 s are two intervals of the group")
	require.Equal(t, []string{"y"}, k.set.Queries(k.now.Add(5*time.Second), k.states))
	require.False(t, k.tick(all(one(8))).Signals[0].Actions[0].Blind)
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestEqualQueriesAreAskedOnce(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: A, expr: x > 1}, {alert: A, expr: x >  1}, {alert: C, expr: x > 2, mode: off}]}]`)
	require.Equal(t, []string{"x", "x > 1"}, k.set.Queries(k.now, nil))
	require.Equal(t, []string{"t.yml;g/A", "t.yml;g/A#2", "t.yml;g/C"}, slices.Sorted(maps.Keys(k.tick(x(2)).States)))
}

// An alert without actions fires for any of its series, as in Prometheus, and its value doesn't depend on their order.
func TestAnInterlockFiresForAnySeries(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Down, expr: x < 1, class: interlock}]}]`)
	a, b := rules.Sample{Labels: map[string]string{"i": "a"}, Value: 0.5}, rules.Sample{Labels: map[string]string{"i": "b"}, Value: 0.25}
	for _, samples := range [][]rules.Sample{{a, b}, {b, a}} {
		e := k.tick(all(rules.Result{Samples: samples}))
		require.Equal(t, rules.True, e.Rules[0].Outcome)
		require.InDelta(t, 0.5, e.Signals[0].Value, 0)
	}
}

// Same rules, same answers, same outcome: nothing depends on the order of maps, and the states go through JSON unchanged.
func TestStatesGoThroughJSON(t *testing.T) {
	k, other := newTicker(t, slow), newTicker(t, slow)
	for _, answer := range []func(string) rules.Result{x(2), nothing, x(2), x(1), x(2), all(one(math.Inf(1))), x(3), x(4), x(5)} {
		e := k.tick(answer)
		encoded, err := json.Marshal(other.tick(answer).States)
		require.NoError(t, err)
		other.states = nil
		require.NoError(t, json.Unmarshal(encoded, &other.states))
		require.Equal(t, e.States, other.states)
	}
}

func TestAStaleSampleIsNoReading(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	old := rules.Result{Samples: []rules.Sample{{Value: 1, Time: now.Add(-time.Minute)}}}
	require.False(t, rules.Reading(old, now, 30*time.Second).OK)
	require.True(t, rules.Reading(old, now, 0).OK)
	require.Equal(t, "no data", rules.Reading(rules.Result{}, now, 0).Why)
}
