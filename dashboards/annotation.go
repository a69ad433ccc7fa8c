package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// mark is an annotation that comes from Prometheus. An event is a step at which expr has a series above 0.
type mark struct {
	name, color, expr string
	// title and text are shown; {{label}} stands for a label's value. tags are labels.
	title, text, tags string
	// quiet marks are off until somebody switches them on.
	quiet bool
}

// An event is found by comparing with a step ago, not by a range: a range as short as a step may hold one sample only.
//
// markStep is the least time between two evaluations of an annotation, and so the accuracy of its place.
const markStep = "15s"

// marks are the annotations of every dashboard.
func marks() []mark {
	return []mark{
		{
			name: "Settings changes", color: "blue",
			// A value that some instance has now and none had a step ago. The label value is made by count_values, because an
			// annotation can only show labels. A setting that nobody reported a step ago is a start, not a change.
			expr: `count_values by (client_id, setting) ("value", veltrix_setting_value{<client>})
  unless count_values by (client_id, setting) ("value", veltrix_setting_value{<client>} offset $__interval)
  and on (client_id, setting) (veltrix_setting_value{<client>} offset $__interval)`,
			title: "{{client_id}}", text: "{{setting}} = {{value}}", tags: "client_id,setting",
		},
		{
			name: "Taken back", color: "red",
			expr: `sum by (app, reason) (veltrix_decisions_total{<loop>, reason=~"TakenBack.+"})
  > sum by (app, reason) (veltrix_decisions_total{<loop>, reason=~"TakenBack.+"} offset $__interval)`,
			title: "{{app}}: a change was taken back", text: "{{reason}}", tags: "app,reason",
		},
		{
			name: "Leader changes", color: "orange",
			expr:  `veltrix_leader{<loop>} == 1 unless veltrix_leader{<loop>} offset $__interval == 1`,
			title: "{{app}}: a new leader", text: "{{instance}}", tags: "app,instance", quiet: true,
		},
		{
			name: "Rules loaded", color: "purple",
			expr: `veltrix_config_last_reload_success_timestamp_seconds{<loop>}
  > veltrix_config_last_reload_success_timestamp_seconds{<loop>} offset $__interval`,
			title: "{{app}}: rules loaded", text: "{{instance}}", tags: "app,instance", quiet: true,
		},
		{
			name: "Restarts", color: "yellow",
			expr:  `process_start_time_seconds{<place>} > process_start_time_seconds{<place>} offset $__interval`,
			title: "{{job}} restarted", text: "{{instance}}", tags: "job,instance",
		},
	}
}

func annotations() []cog.Builder[dashboard.AnnotationQuery] {
	kind, uid := "datasource", "-- Grafana --"
	all := []cog.Builder[dashboard.AnnotationQuery]{
		dashboard.NewAnnotationQueryBuilder().Name("Annotations & Alerts").BuiltIn(1).Type("dashboard").Enable(true).Hide(true).
			Datasource(common.DataSourceRef{Type: &kind, Uid: &uid}).IconColor("rgba(0, 211, 255, 1)"),
	}
	for _, m := range marks() {
		all = append(all, dashboard.NewAnnotationQueryBuilder().Name(m.name).Datasource(source()).Enable(!m.quiet).Hide(false).
			IconColor(m.color).
			Target(prometheus.NewDataqueryBuilder().Expr(fill(m.expr)).RefId("Anno").Interval(markStep).Datasource(source())))
	}
	return all
}
