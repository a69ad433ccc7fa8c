package ruletest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// The shipped rules meet every fault of what they look at: nothing there, NaN, infinity, zeros, one series of many missing. None of
// them acts on any of it, and no interlock stops the loop for want of data.
func TestThePacksUnderFaults(t *testing.T) {
	const ticks = 40
	for fault, value := range map[string]string{"no data": "_", "NaN": "NaN", "infinity": "Inf", "zeros": "0"} {
		t.Run(fault, func(t *testing.T) {
			for _, pack := range rules.Packs() {
				eachTest(t, pack, func(f *File, test *Test) {
					if fault == "zeros" && strings.Contains(seriesText(test), "up{") {
						return // up of 0 is no fault of the data, but what the rule is for
					}
					for i := range test.InputSeries {
						test.InputSeries[i].Values = strings.TrimSpace(strings.Repeat(value+" ", ticks))
					}
					requireQuiet(t, f, test, fault)
				})
			}
		})
	}
	t.Run("one series is missing", func(t *testing.T) {
		for _, pack := range rules.Packs() {
			eachTest(t, pack, func(f *File, test *Test) {
				for gone := range test.InputSeries {
					one := *test
					one.InputSeries = append(append([]Series{}, test.InputSeries[:gone]...), test.InputSeries[gone+1:]...)
					requireTold(t, f, &one, test.InputSeries[gone].Series)
				}
			})
		}
	})
}

// eachTest calls do with each test of a pack.
func eachTest(t *testing.T, pack string, do func(*File, *Test)) {
	t.Helper()
	f, err := Load(filepath.Join("..", "packs", pack+"_test.yml"))
	require.NoError(t, err)
	for i := range f.Tests {
		test := f.Tests[i]
		test.InputSeries = append([]Series{}, test.InputSeries...)
		do(f, &test)
	}
}

// signals returns what the tuner would be told at each tick of a test.
func signals(t *testing.T, f *File, test *Test) []tuner.Signal {
	t.Helper()
	subject, err := f.subject()
	require.NoError(t, err)
	only := *test
	only.AlertRules, only.Expressions = nil, nil
	r := newRun(f, &only, subject)
	require.NoError(t, r.run(t.Context()))
	var all []tuner.Signal
	for _, e := range r.ticks {
		all = append(all, e.Signals...)
	}
	return all
}

// requireQuiet checks that nothing is asked for that the tuner could do.
func requireQuiet(t *testing.T, f *File, test *Test, fault string) {
	t.Helper()
	for _, s := range signals(t, f, test) {
		require.False(t, acts(s), "%s, %s: %s acts", test.Name, fault, s.Rule)
	}
}

// acts says whether a signal stops the loop, or has a step that could be taken.
func acts(s tuner.Signal) bool {
	if s.Class == tuner.ClassInterlock {
		return true
	}
	usable := len(s.Actions) > 0
	for _, a := range s.Actions {
		usable = usable && !a.Blind
	}
	return s.Blocked == "" && usable
}

// requireTold checks that a rule that acts without one of its test's series doesn't look at that series.
func requireTold(t *testing.T, f *File, test *Test, gone string) {
	t.Helper()
	metric, _, _ := strings.Cut(gone, "{")
	for _, s := range signals(t, f, test) {
		if !acts(s) {
			continue
		}
		subject, err := f.subject()
		require.NoError(t, err)
		queries := strings.Join(queriesOf(subject.set, s.Rule), " ")
		if strings.Count(seriesText(test), metric+"{") == 0 {
			require.NotContains(t, queries, metric+"{", "%s: %s acts without %s", test.Name, s.Rule, gone)
		}
	}
}

func seriesText(test *Test) string {
	var b strings.Builder
	for _, s := range test.InputSeries {
		b.WriteString(s.Series + " ")
	}
	return b.String()
}

// queriesOf returns what a rule asks, its guards included.
func queriesOf(set *rules.Set, rule string) []string {
	var all []string
	for _, s := range set.Evaluate(epoch(), nil, nil).Rules {
		if s.Rule == rule {
			all = append(all, s.Query)
		}
	}
	return all
}
