package lab

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// second is one with 100 requests, of which the 99th percentile took p99 and late timed out.
func second(p99 float64, late int64, requests int64) Second {
	return Second{
		Figures: Figures{
			Requests: 100, OKPerS: float64(100 - late), MeanMs: p99 / 2, P99Ms: p99, Timeouts: late, TimeoutPct: float64(late),
			ByOutcome: map[Outcome]int64{OutcomeOK: 100 - late, OutcomeTimeout: late},
		},
		ProduceRequests: requests, BrokerCPU: 0.1,
	}
}

func times(n int, s Second) []Second {
	all := make([]Second, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// dayOf is a run of one phase of 10 s that the seconds are of.
func dayOf(arm string, seconds ...Second) Result {
	return Result{
		Arm: arm, Begin: time.Unix(0, 0), Phases: []Phase{{Name: "calm", Duration: 10 * time.Second, Rate: 100}},
		Whole: []Stretch{{Figures: Figures{P50Ms: 5, P99Ms: seconds[0].P99Ms}}}, Seconds: seconds,
	}
}

func promise() Promise { return Promise{P99Ms: 150, TimeoutPct: 0.1} }

// A phase that begins broken and heals: the seconds before are out of the objective, and the cost is that of the second half.
func TestAPhaseIsScored(t *testing.T) {
	r := dayOf("veltrix", append(times(3, second(1000, 40, 5)), times(7, second(30, 0, 200))...)...)
	r.Decisions = []tuner.Decision{
		{Time: time.Unix(2, 0), Steps: []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(1000), To: settings.Number(6)}}},
		{Time: time.Unix(4, 0), Steps: []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(6), To: settings.Number(9)}}},
		{Time: time.Unix(11, 0), Steps: []tuner.Step{{Setting: settings.ProducerLingerMs, From: settings.Number(9), To: settings.Number(6)}}},
	}
	s := score(r, promise())[0]
	require.InDelta(t, 3, s.Out, 0)
	require.InDelta(t, 3, *s.ToObjective, 0)
	require.InDelta(t, 120, s.Timeouts, 0)
	require.InDelta(t, (3*60+7*100)/10.0, s.Throughput, 1e-9)
	require.InDelta(t, (3*5+7*200)/10.0, s.Requests, 1e-9)
	require.InDelta(t, 2000, *s.Cost, 1e-9, "200 requests for 100 answers")
	require.InDelta(t, 2, s.Changes, 0, "the third is after the phase")
	require.InDelta(t, 1, s.Reversals, 0)
}

// Four good seconds in the middle are no recovery, and a phase that is never good has no cost.
func TestAPhaseThatNeverHeals(t *testing.T) {
	bad, good := second(200, 0, 10), second(30, 0, 10)
	s := score(dayOf("a", bad, bad, good, good, good, good, bad, bad, bad, bad), promise())[0]
	require.Nil(t, s.ToObjective)
	require.InDelta(t, 6, s.Out, 0)
	require.NotNil(t, s.Cost, "a second of the second half kept the promise")
	s = score(dayOf("a", times(10, bad)...), promise())[0]
	require.Nil(t, s.Cost)
	require.InDelta(t, 10, s.Out, 0)
}

// hand is the best of the grid over the day; of two that are as good for their users it is the cheaper one. What isn't of the
// grid is neither hand nor oracle, however good.
func TestHandAndOracleAreChosen(t *testing.T) {
	r := ProofResult{Promise: promise(), Phases: dayOf("", second(1, 0, 1)).Phases, Runs: []Result{
		dayOf("stock", times(10, second(1000, 100, 2))...),
		dayOf("veltrix", append(times(2, second(1000, 100, 2)), times(8, second(30, 0, 110))...)...),
		dayOf("linger 0 ms", times(10, second(20, 0, 400))...),
		dayOf("linger 5 ms", times(10, second(30, 0, 100))...),
		dayOf("linger 90 ms", append(times(1, second(200, 0, 9)), times(9, second(140, 0, 9))...)...),
	}}.compare()
	require.Equal(t, "linger 5 ms", r.arm(armHand).Of)
	require.Equal(t, "calm: linger 5 ms", r.arm(armOracle).Of)
	require.InDelta(t, 2, r.Ratios["day: seconds out of objective, veltrix"], 0)
	require.InDelta(t, 1.1, r.Ratios["calm: requests per answer, veltrix / oracle"], 1e-9)
	require.InDelta(t, 80/(1/10.0), r.Ratios["calm: throughput, veltrix / stock"], 1e-9, "stock answered nobody: one answer is assumed")
	require.InDelta(t, 0.2, r.Ratios["day: timeouts, veltrix / stock"], 1e-9)
	require.NotNil(t, r.Report().Charts)

	b, err := json.Marshal(r)
	require.NoError(t, err)
	var contract struct {
		Environment map[string]any `json:"environment"`
		Arms        []struct {
			Name   string           `json:"name"`
			Phases []map[string]any `json:"phases"`
		} `json:"arms"`
		Ratios map[string]float64 `json:"ratios"`
	}
	require.NoError(t, json.Unmarshal(b, &contract))
	for _, key := range []string{
		"name", "throughput_per_s", "mean_ms", "p50_ms", "p99_ms", "timeouts", "errors", "broker_requests_per_s", "broker_cpu_s",
		"seconds_to_objective", "changes", "reversals",
	} {
		require.Contains(t, contract.Arms[0].Phases[0], key)
	}
}

// Rounds become a mean with its confidence interval: of 10 and 20 it is 15 ± 12.71 × 7.07 ÷ √2.
func TestRoundsAreAveraged(t *testing.T) {
	m := meanPhase([]PhaseScore{{Name: "calm", P99Ms: 10, ToObjective: new(float64)}, {Name: "calm", P99Ms: 20}})
	require.InDelta(t, 15, m.P99Ms, 1e-9)
	require.InDelta(t, 63.53, m.Half95["p99_ms"], 0.01)
	require.Nil(t, m.ToObjective, "one round never got there")
}
