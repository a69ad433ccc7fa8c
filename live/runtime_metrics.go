package live

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/veltrix/veltrix/settings"
)

// unreadable is the value of the label setting for a document that could not be read or is meant for another application.
const unreadable = "document"

// runtimeMetrics say which settings are in effect.
type runtimeMetrics struct {
	value      *prometheus.GaugeVec
	generation prometheus.Gauge
	refusals   *prometheus.CounterVec
}

func newRuntimeMetrics(reg prometheus.Registerer, clientID string) (*runtimeMetrics, error) {
	labels := prometheus.Labels{"client_id": clientID}
	m := &runtimeMetrics{
		value: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "veltrix_setting_value", ConstLabels: labels,
			Help: "Value of a setting in effect for the whole application, in the setting's own unit; for an enum the position in its list, from 0.",
		}, []string{"setting"}),
		generation: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "veltrix_settings_generation", ConstLabels: labels,
			Help: "Generation of the document in effect; 0 while the application's own values count.",
		}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "veltrix_settings_refused_total", ConstLabels: labels,
			Help: "Documents that were refused, by the setting that was complained about.",
		}, []string{"setting"}),
	}
	for _, s := range settings.All() {
		if s.Class != settings.Broker {
			m.refusals.WithLabelValues(string(s.Name))
		}
	}
	m.refusals.WithLabelValues(unreadable)
	return m, register(reg, m.value, m.generation, m.refusals)
}

// register registers all collectors or none.
func register(reg prometheus.Registerer, cs ...prometheus.Collector) error {
	if reg == nil {
		return nil
	}
	for i, c := range cs {
		if err := reg.Register(c); err != nil {
			for _, done := range cs[:i] {
				reg.Unregister(done)
			}
			return fmt.Errorf("register metrics (two runtimes with one client id need two registries): %w", err)
		}
	}
	return nil
}

func (m *runtimeMetrics) applied(s *snapshot) {
	m.generation.Set(float64(s.generation))
	for n, v := range s.app.values {
		if row, ok := settings.Lookup(n); ok && row.Kind == settings.Enum {
			m.value.WithLabelValues(string(n)).Set(float64(row.Notch(v)))
			continue
		}
		m.value.WithLabelValues(string(n)).Set(float64(v.Int()))
	}
}

func (m *runtimeMetrics) refused(r *settings.Refusal) {
	if len(r.Settings) == 0 {
		m.refusals.WithLabelValues(unreadable).Inc()
	}
	for _, n := range r.Settings {
		m.refusals.WithLabelValues(string(n)).Inc()
	}
}
