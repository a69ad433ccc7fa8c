package lab

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// compare scores the runs: every arm by the mean of its rounds, then the best static arm of the grid over the day, which is
// hand, and the best for each phase, which is oracle.
func (r ProofResult) compare() ProofResult {
	var names []string
	scores := map[string][][]PhaseScore{}
	for _, run := range r.Runs {
		if !slices.Contains(names, run.Arm) {
			names = append(names, run.Arm)
		}
		scores[run.Arm] = append(scores[run.Arm], score(run, r.Promise))
	}
	r.Arms = nil
	var grid []ArmScore
	for _, name := range names {
		arm := ArmScore{Name: name, Rounds: len(scores[name]), Phases: meanPhases(scores[name])}
		r.Arms = append(r.Arms, arm)
		if strings.HasPrefix(name, "linger ") {
			grid = append(grid, arm)
		}
	}
	if len(grid) > 0 {
		r.Arms = append(r.Arms, hand(grid), oracle(grid))
	}
	r.Ratios = r.ratios()
	return r
}

// hand is the arm of the grid that is best over the whole day.
func hand(grid []ArmScore) ArmScore {
	best := slices.MinFunc(grid, func(a, b ArmScore) int { return before(day(a), day(b)) })
	return ArmScore{Name: armHand, Of: best.Name, Rounds: best.Rounds, Phases: best.Phases}
}

// oracle is for each phase the arm of the grid that is best in it.
func oracle(grid []ArmScore) ArmScore {
	o := ArmScore{Name: armOracle, Rounds: grid[0].Rounds}
	var of []string
	for i := range grid[0].Phases {
		best := slices.MinFunc(grid, func(a, b ArmScore) int { return before(a.Phases[i], b.Phases[i]) })
		o.Phases = append(o.Phases, best.Phases[i])
		of = append(of, best.Phases[i].Name+": "+best.Name)
	}
	o.Of = strings.Join(of, ", ")
	return o
}

// day is an arm's whole day as one score: the seconds out of the objective, and the mean cost of its phases.
func day(a ArmScore) PhaseScore {
	var sum PhaseScore
	var costs []float64
	for _, p := range a.Phases {
		sum.Out += p.Out
		sum.Timeouts += p.Timeouts
		if p.Cost != nil {
			costs = append(costs, *p.Cost)
		}
	}
	if len(costs) > 0 {
		cost := stat.Mean(costs, nil)
		sum.Cost = &cost
	}
	return sum
}

// costOf is +Inf for an arm that never kept its promise in a phase.
func costOf(p PhaseScore) float64 {
	if p.Cost == nil {
		return math.Inf(1)
	}
	return *p.Cost
}

// meanPhases returns the mean of several rounds.
func meanPhases(rounds [][]PhaseScore) []PhaseScore {
	var phases []PhaseScore
	for i := range rounds[0] {
		of := make([]PhaseScore, len(rounds))
		for n := range rounds {
			of[n] = rounds[n][i]
		}
		phases = append(phases, meanPhase(of))
	}
	return phases
}

func meanPhase(of []PhaseScore) PhaseScore {
	m := PhaseScore{Name: of[0].Name, Half95: map[string]float64{}}
	for name, field := range figures() {
		values := make([]float64, len(of))
		for i := range of {
			values[i] = *field(&of[i])
		}
		*field(&m) = stat.Mean(values, nil)
		if len(values) > 1 {
			m.Half95[name] = half95(values)
		}
	}
	for name, field := range optionals() {
		var values []float64
		for i := range of {
			if v := *field(&of[i]); v != nil {
				values = append(values, *v)
			}
		}
		// A round without the figure leaves none: a mean of the others would be a better one than was had.
		if len(values) < len(of) {
			continue
		}
		mean := stat.Mean(values, nil)
		*field(&m) = &mean
		if len(values) > 1 {
			m.Half95[name] = half95(values)
		}
	}
	return m
}

// figures are the fields of a score that every round has, by their names in JSON.
func figures() map[string]func(*PhaseScore) *float64 {
	return map[string]func(*PhaseScore) *float64{
		"throughput_per_s": func(p *PhaseScore) *float64 { return &p.Throughput }, "mean_ms": func(p *PhaseScore) *float64 { return &p.MeanMs },
		"p50_ms": func(p *PhaseScore) *float64 { return &p.P50Ms }, "p99_ms": func(p *PhaseScore) *float64 { return &p.P99Ms },
		"timeouts": func(p *PhaseScore) *float64 { return &p.Timeouts }, "errors": func(p *PhaseScore) *float64 { return &p.Errors },
		"broker_requests_per_s": func(p *PhaseScore) *float64 { return &p.Requests }, "broker_cpu_s": func(p *PhaseScore) *float64 { return &p.BrokerCPU },
		"changes": func(p *PhaseScore) *float64 { return &p.Changes }, "reversals": func(p *PhaseScore) *float64 { return &p.Reversals },
		"seconds_out_of_objective": func(p *PhaseScore) *float64 { return &p.Out },
	}
}

// optionals are those that a round may not have.
func optionals() map[string]func(*PhaseScore) **float64 {
	return map[string]func(*PhaseScore) **float64{
		"seconds_to_objective":      func(p *PhaseScore) **float64 { return &p.ToObjective },
		"requests_per_1000_answers": func(p *PhaseScore) **float64 { return &p.Cost },
		"cpu_s_per_1000_answers":    func(p *PhaseScore) **float64 { return &p.CPUCost },
	}
}

// half95 is half the width of Student's 95 % confidence interval of the mean.
func half95(values []float64) float64 {
	n := float64(len(values))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return t * stat.StdDev(values, nil) / math.Sqrt(n)
}

// arm returns an arm by its name; one without phases if there is none.
func (r ProofResult) arm(name string) ArmScore {
	i := slices.IndexFunc(r.Arms, func(a ArmScore) bool { return a.Name == name })
	if i < 0 {
		return ArmScore{}
	}
	return r.Arms[i]
}

// ratios compare veltrix with the others. Where another arm had no answer at all, one answer in the phase is assumed, so that
// the ratio is a lower bound.
func (r ProofResult) ratios() map[string]float64 {
	v, s, h, o := r.arm(armVeltrix), r.arm(armStock), r.arm(armHand), r.arm(armOracle)
	ratios := map[string]float64{}
	for i, phase := range r.Phases {
		if i >= len(v.Phases) {
			return ratios
		}
		if phase.Fault == "" && i < len(s.Phases) {
			one := 1 / phase.Duration.Seconds()
			ratios[phase.Name+": throughput, veltrix / stock"] = v.Phases[i].Throughput / max(one, s.Phases[i].Throughput)
			ratios[phase.Name+": mean, veltrix / stock"] = v.Phases[i].MeanMs / s.Phases[i].MeanMs
		}
		if i < len(o.Phases) && v.Phases[i].Cost != nil && o.Phases[i].Cost != nil {
			ratios[phase.Name+": requests per answer, veltrix / oracle"] = *v.Phases[i].Cost / *o.Phases[i].Cost
		}
	}
	ratios["day: seconds out of objective, veltrix"] = day(v).Out
	for _, other := range []ArmScore{s, h, o} {
		if len(other.Phases) > 0 {
			ratios["day: seconds out of objective, "+other.Name] = day(other).Out
			ratios["day: timeouts, veltrix / "+other.Name] = day(v).Timeouts / max(1, day(other).Timeouts)
		}
	}
	return ratios
}
