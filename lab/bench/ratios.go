package bench

import "slices"

// ratios compares live with every other client, scenario by scenario.
func ratios(runs []Run) []Ratio {
	var all []Ratio
	for _, name := range names(runs) {
		live, ok := median(runs, name, Live)
		if !ok {
			continue
		}
		for _, against := range []string{WriterDefault, WriterBest, ReaderBest, Franz, Java} {
			other, ok := median(runs, name, against)
			if !ok {
				continue
			}
			r := Ratio{Scenario: name, Against: against, Throughput: live.Throughput / other.Throughput}
			if live.P99Ms > 0 {
				r.P99 = other.P99Ms / live.P99Ms
			}
			if live.RequestsPerS > 0 {
				r.Requests = (other.RequestsPerS / other.Throughput) / (live.RequestsPerS / live.Throughput)
			}
			if against != Java {
				r.CPU = (other.ClientCPU / other.Throughput) / (live.ClientCPU / live.Throughput)
			}
			all = append(all, r)
		}
	}
	return all
}

// names returns the names of the scenarios in the order in which they were measured.
func names(runs []Run) []string {
	var all []string
	for _, r := range runs {
		if !slices.Contains(all, r.Name) {
			all = append(all, r.Name)
		}
	}
	return all
}

// median returns a run whose figures are the medians of the client's rounds in a scenario, each for itself.
func median(runs []Run, name, client string) (Run, bool) {
	var mine []Run
	for _, r := range runs {
		if r.Name == name && r.Client == client {
			mine = append(mine, r)
		}
	}
	if len(mine) == 0 {
		return Run{}, false
	}
	of := func(get func(Run) float64) float64 {
		values := make([]float64, len(mine))
		for i, r := range mine {
			values[i] = get(r)
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	m := mine[0]
	m.Round, m.Errors, m.Dropped = 0, 0, 0
	m.Throughput = of(func(r Run) float64 { return r.Throughput })
	m.P50Ms = of(func(r Run) float64 { return r.P50Ms })
	m.P99Ms = of(func(r Run) float64 { return r.P99Ms })
	m.MaxMs = of(func(r Run) float64 { return r.MaxMs })
	m.RequestsPerS = of(func(r Run) float64 { return r.RequestsPerS })
	m.ClientCPU = of(func(r Run) float64 { return r.ClientCPU })
	m.BrokerCPU = of(func(r Run) float64 { return r.BrokerCPU })
	m.AllocsPerRecord = of(func(r Run) float64 { return r.AllocsPerRecord })
	for _, r := range mine {
		m.Errors += r.Errors
		m.Dropped += r.Dropped
	}
	return m, true
}

// clients returns the clients of a scenario in the order in which they were first measured, live first.
func clients(runs []Run, name string) []string {
	all := []string{}
	for _, r := range runs {
		if r.Name == name && !slices.Contains(all, r.Client) {
			all = append(all, r.Client)
		}
	}
	return all
}
