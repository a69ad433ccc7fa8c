package ruletest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// Each test of each pack runs under each fault, at times spread over it. A fault lets no rule act that wouldn't have acted around
// that time without it, and a rule that acts for long goes on once the fault is over.
func TestThePacksUnderTheFaultMatrix(t *testing.T) {
	const times = 3
	runs := 0
	for _, pack := range rules.Packs() {
		eachTest(t, pack, func(f *File, test *Test) {
			want := acting(t, f, test, fault{})
			for _, kind := range FaultKinds() {
				for i := range times {
					at := (test.end() * time.Duration(2*i+1) / (2 * times)).Truncate(time.Duration(test.Interval))
					if kind == Duplicate && i > 0 {
						continue
					}
					runs++
					got := acting(t, f, test, fault{kind, at})
					about := fmt.Sprintf("%s: %s, %s at %s", pack, test.Name, kind, at)
					requireNothingNew(t, about, want, got, slack(f))
					requireGoesOn(t, about, test, want, got, at+2*slack(f), slack(f))
				}
			}
		})
	}
	t.Logf("%d runs", runs)
}

// slack is how far a fault moves what a rule does: what it looks back, and some ticks for its for.
func slack(f *File) time.Duration {
	return time.Duration(f.Range) + 3*time.Duration(f.EvaluationInterval)
}

// acting returns the ticks at which each rule acts.
func acting(t *testing.T, f *File, test *Test, under fault) map[string][]time.Duration {
	t.Helper()
	subject, err := f.subject()
	require.NoError(t, err)
	only := *test
	only.AlertRules, only.Expressions = nil, nil
	r := newRun(f, &only, subject)
	r.fault = under
	require.NoError(t, r.run(t.Context()))
	all := map[string][]time.Duration{}
	for at := time.Duration(0); at <= only.end(); at += r.tick() {
		for _, s := range r.ticks[at].Signals {
			if acts(s) {
				all[s.Rule] = append(all[s.Rule], at)
			}
		}
	}
	return all
}

func requireNothingNew(t *testing.T, about string, want, got map[string][]time.Duration, slack time.Duration) {
	t.Helper()
	for rule, ticks := range got {
		for _, at := range ticks {
			near := slices.ContainsFunc(want[rule], func(w time.Duration) bool { return (w - at).Abs() <= slack })
			require.True(t, near, "%s: %s acts at %s, without the fault at %s", about, rule, at, want[rule])
		}
	}
}

// requireGoesOn looks at the ticks from a time on for which a rule acts, and did and will for as long as the slack.
func requireGoesOn(t *testing.T, about string, test *Test, want, got map[string][]time.Duration, from, slack time.Duration) {
	t.Helper()
	for rule, ticks := range want {
		for _, at := range ticks {
			long := slices.Contains(ticks, at-slack) && slices.Contains(ticks, at+slack)
			if at < from || at > test.end() || !long {
				continue
			}
			require.Contains(t, got[rule], at, "%s: %s no longer acts", about, rule)
		}
	}
}
