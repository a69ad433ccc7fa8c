package sidecar_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/store/memory"
	"github.com/veltrix/veltrix/tuner"
)

// The whole story: an objective is broken, the rule fires, the loop writes the step, the instance applies it, the
// latency is back, the trial is kept, and the journal says why.
func TestTheLoopHealsABrokenObjective(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		s := b.sidecar("one", nil)
		defer b.start(s)()

		time.Sleep(11 * time.Second)
		require.EqualValues(t, 63, b.document().Settings[settings.ProducerLingerMs].Int(), "1000 ÷ 16, two ticks after the breach was seen")
		time.Sleep(2 * time.Minute)

		require.Nil(t, s.Status().Trial, "the trial is over")
		require.Equal(t, tuner.Steady, s.Status().Decision.Reason)
		journal, err := b.store.Journal(t.Context(), store.Page{})
		require.NoError(t, err)
		require.Len(t, journal, 1)
		require.Equal(t, tuner.Protected, journal[0].Reason)
		require.Equal(t, "TooSlow", journal[0].Rule)
		require.InDelta(t, 1.010, journal[0].Evidence.Objectives["p99"].Value, 0.001)
		require.NoError(t, s.Ready(time.Now()))
	})
}

// While Prometheus is away or lies, nothing is written, whatever was going on; when it is back, so is the loop, by itself.
func TestBlindTheLoopChangesNothing(t *testing.T) {
	for name, fault := range map[string]func(string) (rules.Result, bool){"away": away, "empty": empty, "NaN": nan} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, "enforce")
				defer b.instance()()
				b.plant.fail(fault)
				s := b.sidecar("one", nil)
				defer b.start(s)()

				time.Sleep(5 * time.Minute)
				require.Zero(t, b.document().Generation)
				require.Equal(t, tuner.Blind, s.Status().Decision.Reason)

				b.plant.fail(nil)
				time.Sleep(11 * time.Second)
				require.EqualValues(t, 1, b.document().Generation)
			})
		})
	}
}

// With etcd away nothing is written, readiness says so, and the loop goes on by itself when it is back.
func TestWithoutTheStoreTheLoopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		s := b.sidecar("one", nil)
		defer b.start(s)()
		time.Sleep(time.Second)
		b.store.SetAway(true)
		time.Sleep(time.Minute)
		require.ErrorContains(t, s.Ready(time.Now()), "away")
		require.NotEmpty(t, s.Status().Problem)

		b.store.SetAway(false)
		time.Sleep(30 * time.Second)
		require.NoError(t, s.Ready(time.Now()))
		require.Positive(t, b.document().Generation)
	})
}

// readOnly is a store in which every write fails the test.
type readOnly struct {
	*memory.Store
	t *testing.T
}

func (r readOnly) Commit(context.Context, store.Term, store.Change) error {
	r.t.Error("a write was reached in shadow: Commit")
	return nil
}

func (r readOnly) Campaign(context.Context, string, func(context.Context, store.Term) error) error {
	r.t.Error("a write was reached in shadow: Campaign")
	return nil
}

func (r readOnly) SetHold(context.Context, tuner.Hold) error {
	r.t.Error("a write was reached in shadow: SetHold")
	return nil
}

// In shadow the loop decides the same, and reaches no write.
func TestInShadowNothingIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "shadow")
		defer b.instance()()
		s := b.sidecar("one", func(o *sidecar.Options) { o.Store = readOnly{b.store, t} })
		defer b.start(s)()
		time.Sleep(11 * time.Second)
		d := s.Status().LastChange
		require.NotNil(t, d)
		require.Equal(t, tuner.Protected, d.Reason)
		require.Equal(t, tuner.ModeShadow, d.Mode)
		require.Zero(t, b.document().Generation)
	})
}

// Two sidecars: one decides. When it stops in the middle of a trial, the other goes on with the same trial and writes nothing anew.
func TestTheOtherSidecarGoesOnWithTheTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		one, two := b.sidecar("one", nil), b.sidecar("two", nil)
		stopOne := b.start(one)
		defer stopOne()
		time.Sleep(time.Second)
		defer b.start(two)()
		time.Sleep(10 * time.Second)
		require.True(t, one.Status().Leading)
		require.False(t, two.Status().Leading)
		require.EqualValues(t, 1, b.document().Generation)
		trial := one.Status().Trial
		require.NotNil(t, trial)

		stopOne()
		time.Sleep(11 * time.Second)
		require.True(t, two.Status().Leading)
		require.Equal(t, trial.Decision, two.Status().Trial.Decision)
		time.Sleep(2 * time.Minute)
		require.Nil(t, two.Status().Trial)
		require.EqualValues(t, 1, b.document().Generation)
	})
}

// Leadership that ends while a sidecar is at work ends its writing at once; it stands again and goes on.
func TestAfterLostLeadershipTheLoopStandsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		s := b.sidecar("one", nil)
		defer b.start(s)()
		time.Sleep(6 * time.Second)
		b.store.ExpireLeader()
		time.Sleep(30 * time.Second)
		require.True(t, s.Status().Leading)
		require.EqualValues(t, 1, b.document().Generation)
	})
}

// Somebody writes between the loop's reading and its writing: nothing is written over it, and the next tick decides anew.
func TestAnOperatorsWriteIsNotFought(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		s := b.sidecar("one", nil)
		defer b.start(s)()
		time.Sleep(6 * time.Second)
		_, err := b.store.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(500)}, nil, store.Operator{Who: "ann", Why: "a test"})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.EqualValues(t, 500, b.document().Settings[settings.ProducerLingerMs].Int())
		require.Equal(t, tuner.ForeignWrite, s.Status().Decision.Reason)
	})
}

// Every line of the decision log makes the same decision again.
func TestTheDecisionLogReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		stop := b.start(b.sidecar("one", nil))
		time.Sleep(20 * time.Minute)
		stop()
		f, err := os.Open(b.path("decisions.jsonl"))
		require.NoError(t, err)
		defer f.Close()
		compared, err := sidecar.Replay(f, func(line int, was, now tuner.Decision) {
			t.Errorf("line %d: it was %s, and comes out as %s", line, was, now)
		})
		require.NoError(t, err)
		require.Greater(t, compared, 200)
	})
}

// A bad rule file keeps its last good version; a good one is taken over.
func TestReloadingKeepsTheLastGoodRules(t *testing.T) {
	b := newBench(t, "enforce")
	s := b.sidecar("one", nil)
	b.write("rules.yml", "groups: [{name: g, rules: [{alert: TooSlow, exp: x}]}]")
	require.ErrorContains(t, s.Reload(), `unknown key "exp"`)
	b.write("rules.yml", ruleFile)
	require.NoError(t, s.Reload())
	require.NoError(t, os.Remove(b.path("rules.yml")))
	require.ErrorContains(t, s.Reload(), "matches no file")
}

// A tick that takes longer than the interval is cut off, and there is never a second one beside it.
func TestASlowPrometheusIsNotAskedTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "enforce")
		defer b.instance()()
		slow := &slowQuerier{plant: b.plant}
		s := b.sidecar("one", func(o *sidecar.Options) { o.Prometheus = slow })
		defer b.start(s)()
		time.Sleep(time.Minute)
		require.Equal(t, 1, slow.mostAtOnce(), "one tick at a time")
		require.Zero(t, b.document().Generation)
		require.Equal(t, tuner.Blind, s.Status().Decision.Reason)
	})
}

// slowQuerier answers after the deadline, and counts how many ticks ask at once.
type slowQuerier struct {
	plant   *plant
	most    int
	current map[int64]int
}

func (q *slowQuerier) mostAtOnce() int {
	q.plant.mu.Lock()
	defer q.plant.mu.Unlock()
	return q.most
}

func (q *slowQuerier) Query(ctx context.Context, expr string, at time.Time) rules.Result {
	q.plant.mu.Lock()
	if q.current == nil {
		q.current = map[int64]int{}
	}
	q.current[at.UnixNano()]++
	q.most = max(q.most, len(q.current))
	q.plant.mu.Unlock()
	<-ctx.Done()
	q.plant.mu.Lock()
	if q.current[at.UnixNano()]--; q.current[at.UnixNano()] == 0 {
		delete(q.current, at.UnixNano())
	}
	q.plant.mu.Unlock()
	return rules.Result{Err: fmt.Errorf("%s: %w", expr, ctx.Err())}
}
