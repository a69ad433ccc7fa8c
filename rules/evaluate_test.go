package rules_test

import (
	"errors"
	"math"
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

func always(v float64) func(string) rules.Result {
	return func(string) rules.Result { return rules.Result{Samples: []rules.Sample{{Value: v}}} }
}

func nothing(string) rules.Result { return rules.Result{} }

const slow = `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, for: 10s, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, to: 20}]}]}]`

// Three values in a row make a rule fire; a hole in between pauses the count and doesn't restart it.
func TestABlindTickPausesForAndDoesNotRestartIt(t *testing.T) {
	for name, blind := range map[string]func(string) rules.Result{
		"no data":  nothing,
		"NaN":      always(math.NaN()),
		"infinity": always(math.Inf(1)),
		"error":    func(string) rules.Result { return rules.Result{Err: errors.New("timeout")} },
		"two":      func(string) rules.Result { return rules.Result{Samples: make([]rules.Sample, 2)} },
	} {
		t.Run(name, func(t *testing.T) {
			k := newTicker(t, slow)
			require.Equal(t, rules.Pending, k.tick(always(1)).Rules[0].State.Phase)
			require.Equal(t, rules.Pending, k.tick(always(1)).Rules[0].State.Phase)
			require.Equal(t, rules.Pending, k.tick(blind).Rules[0].State.Phase)
			require.Empty(t, k.tick(always(1)).Signals, "the blind time doesn't count")
			require.Equal(t, rules.Firing, k.tick(always(1)).Rules[0].State.Phase)
		})
	}
}

func TestAFalseTickStartsAnew(t *testing.T) {
	k := newTicker(t, slow)
	k.tick(always(1))
	k.tick(always(1))
	k.tick(always(0))
	k.tick(always(1))
	require.Equal(t, rules.Pending, k.tick(always(1)).Rules[0].State.Phase)
	require.Len(t, k.tick(always(1)).Signals, 1)
}

// A long gap, such as a restart, counts for two ticks at most: nothing acts earlier than it would have with full sight.
func TestAGapIsNotCountedAsTime(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, for: 1m}]}]`)
	k.tick(always(1))
	k.now = k.now.Add(time.Hour)
	require.Equal(t, rules.Pending, k.tick(always(1)).Rules[0].State.Phase)
}

func TestWhatMissingDataMeanIsTheRulesToSay(t *testing.T) {
	for on, want := range map[string]string{"hold": rules.Firing, "clear": rules.Inactive, "revert": rules.Firing} {
		t.Run(on, func(t *testing.T) {
			k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: `+on+`, actions: [{set: producer.linger.ms, to: 20}]}]}]`)
			require.Len(t, k.tick(always(1)).Signals, 1)
			e := k.tick(nothing)
			require.Equal(t, want, e.Rules[0].State.Phase)
			require.Equal(t, rules.NoData, e.Rules[0].Outcome)
			for _, s := range e.Signals {
				require.Contains(t, s.Blocked, "no data")
				require.Equal(t, on == "revert", s.Revert)
			}
			require.Equal(t, rules.Indeterminate, k.tick(always(math.NaN())).Rules[0].Outcome)
		})
	}
}

func TestClearExprAndKeepFiringForDelayTheEnd(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: A, expr: x > 10, clear_expr: x < 5}, {alert: B, expr: x > 10, keep_firing_for: 10s}]}]`)
	x := func(v float64) func(string) rules.Result {
		return func(q string) rules.Result {
			switch q {
			case "((x > bool 10) + 0 * (x))":
				return always(number(v > 10))(q)
			case "((x < bool 5) + 0 * (x))":
				return always(number(v < 5))(q)
			}
			return always(v)(q)
		}
	}
	phases := func(e rules.Evaluation) []string {
		return []string{e.Rules[0].State.Phase, e.Rules[1].State.Phase}
	}
	require.Equal(t, []string{rules.Firing, rules.Firing}, phases(k.tick(x(11))))
	require.Equal(t, []string{rules.Firing, rules.Firing}, phases(k.tick(x(7))))
	require.Equal(t, []string{rules.Firing, rules.Inactive}, phases(k.tick(x(7))))
	require.Equal(t, []string{rules.Inactive, rules.Inactive}, phases(k.tick(x(4))))
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A guard that is false or has no data forbids the action and says so.
func TestAGuardWithoutDataBlocks(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: hold, guards: [{name: up, expr: up == 1}], actions: [{set: producer.linger.ms, to: 20}]}]}]`)
	guard := func(r rules.Result) func(string) rules.Result {
		return func(q string) rules.Result {
			if q == "((up == bool 1) + 0 * (up))" {
				return r
			}
			return always(1)(q)
		}
	}
	require.Empty(t, k.tick(guard(always(1)(""))).Signals[0].Blocked)
	require.Equal(t, "guard up does not hold", k.tick(guard(always(0)(""))).Signals[0].Blocked)
	require.Equal(t, "guard up has no usable answer: no data", k.tick(guard(rules.Result{})).Signals[0].Blocked)
}

// The expressions of target and ratio are evaluated; one without a usable value makes its action blind, not 0.
func TestOperandsAreEvaluated(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: Slow, expr: x > 1, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, target: y}, {set: producer.batch.size, ratio: {expr: z, target: 4}}]}]}]`)
	e := k.tick(func(q string) rules.Result {
		switch q {
		case "y":
			return rules.Result{}
		case "z":
			return always(8)(q)
		}
		return always(1)(q)
	})
	require.True(t, e.Signals[0].Actions[0].Blind)
	require.InDelta(t, 2, e.Signals[0].Actions[1].Operand, 0)
}

// A group with an interval of its own is asked and evaluated only then, but its interlocks stand in between.
func TestAGroupHasItsOwnInterval(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, interval: 15s, rules: [{alert: Down, expr: up == 0, class: interlock}, {alert: Slow, expr: x > 1, class: protect, on_missing: hold, actions: [{set: producer.linger.ms, to: 20}]}]}]`)
	require.Len(t, k.tick(always(1)).Signals, 2)
	require.Empty(t, k.set.Queries(k.now.Add(5*time.Second), k.states))
	require.Len(t, k.tick(always(1)).Signals, 1)
	require.Len(t, k.tick(always(1)).Signals, 1)
	require.Len(t, k.tick(always(1)).Signals, 2)
}

func TestEqualQueriesAreAskedOnce(t *testing.T) {
	k := newTicker(t, `groups: [{name: g, rules: [{alert: A, expr: x > 1}, {alert: B, expr: x > 1}, {alert: C, expr: x > 2, mode: off}]}]`)
	require.Equal(t, []string{"((x > bool 1) + 0 * (x))", "x"}, k.set.Queries(k.now, nil))
}

func TestAStaleSampleIsNoReading(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	old := rules.Result{Samples: []rules.Sample{{Value: 1, Time: now.Add(-time.Minute)}}}
	require.False(t, rules.Reading(old, now, 30*time.Second).OK)
	require.True(t, rules.Reading(old, now, 0).OK)
	require.Equal(t, "no data", rules.Reading(rules.Result{}, now, 0).Why)
}
