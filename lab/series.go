package lab

import (
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Second is one second of a run.
type Second struct {
	// At is its end, in seconds since the traffic began.
	At int `json:"at_s"`
	Figures
	// ProduceRequests and FetchRequests are what the broker got, BrokerCPU the CPU seconds that it used; 0 where that can't
	// be told.
	ProduceRequests int64   `json:"produce_requests"`
	FetchRequests   int64   `json:"fetch_requests"`
	BrokerCPU       float64 `json:"broker_cpu_s"`
	// Settings are the first engine's, of those that were moved in the run.
	Settings settings.Values `json:"settings,omitempty"`
}

// sample is what is read off once a second, since the beginning.
type sample struct {
	produced, fetched int64
	cpu               float64
	effective         settings.Values
}

func (d *demo) sample(time.Duration) {
	s := sample{cpu: d.rig.kafka.CPU(), effective: d.rig.engines[0].runtime.Effective("")}
	s.produced, s.fetched = d.rig.kafka.Requests()
	d.samples = append(d.samples, s)
}

// seconds puts together what players and broker saw. The last seconds, whose answers came after the end, have no sample.
func (d *demo) seconds(decisions []tuner.Decision) []Second {
	moved := map[settings.Name]bool{}
	for _, decision := range decisions {
		for _, step := range decision.Steps {
			moved[step.Setting] = true
		}
	}
	var all []Second
	before := d.before
	for i, s := range d.samples {
		at := time.Duration(i+1) * time.Second
		second := Second{
			At: i + 1, Figures: d.recorder.Between(at-time.Second, at), ProduceRequests: s.produced - before.produced,
			FetchRequests: s.fetched - before.fetched, BrokerCPU: max(0, s.cpu-before.cpu), Settings: settings.Values{},
		}
		for name := range moved {
			second.Settings[name] = s.effective[name]
		}
		before = s
		all = append(all, second)
	}
	return all
}
