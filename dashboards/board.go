package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Folder is Grafana's folder of the dashboards, and the name of theirs in the repository.
const Folder = "Veltrix"

// Docs is where links to documentation lead.
const Docs = "https://github.com/veltrix/veltrix/blob/main/docs/"

// All returns every dashboard by the name of its file, without the ending.
func All() (map[string]dashboard.Dashboard, error) {
	all := map[string]dashboard.Dashboard{}
	for _, make := range []func() (dashboard.Dashboard, error){Overview, KafkaClient} {
		d, err := make()
		if err != nil {
			return nil, fmt.Errorf("build a dashboard: %w", err)
		}
		all[*d.Uid] = d
	}
	return all, nil
}

// source is the data source that the person who looks has chosen.
func source() common.DataSourceRef {
	kind, uid := "prometheus", "${datasource}"
	return common.DataSourceRef{Type: &kind, Uid: &uid}
}

// board puts rows and panels one after the other, and numbers them.
type board struct {
	builder *dashboard.DashboardBuilder
	last    uint32
	err     error
}

func newBoard(uid, name, description string, vars []variable) *board {
	b := &board{builder: dashboard.NewDashboardBuilder("Veltrix / " + name)}
	b.builder.Uid(uid).Description(description).Tags([]string{"veltrix", "kafka"}).Timezone("browser").
		Readonly().Tooltip(dashboard.DashboardCursorSyncCrosshair).Refresh("30s").Time("now-1h", "now").Version(1).
		Link(dashboard.NewDashboardLinkBuilder("Veltrix").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"veltrix"}).
			AsDropdown(true).IncludeVars(true).KeepTime(true)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").
			Type("prometheus").Hide(dashboard.VariableHideDontHide))
	for _, v := range vars {
		b.builder.WithVariable(v.query())
	}
	for _, a := range annotations() {
		b.builder.Annotation(a)
	}
	return b
}

func (b *board) row(title string) {
	b.last++
	b.builder.WithRow(dashboard.NewRowBuilder(title).Id(b.last))
}

// built is a panel that is finished.
type built struct{ panel dashboard.Panel }

func (p built) Build() (dashboard.Panel, error) { return p.panel, nil }

// add puts a panel behind the last one, on the same line if there is room. A line's panels have one height.
func (b *board) add(panels ...cog.Builder[dashboard.Panel]) {
	for _, p := range panels {
		panel, err := p.Build()
		if err != nil {
			b.err = err
			return
		}
		b.last++
		id, from := b.last, source()
		panel.Id, panel.Datasource = &id, &from
		b.builder.WithPanel(built{panel})
	}
}

func (b *board) build() (dashboard.Dashboard, error) {
	if b.err != nil {
		return dashboard.Dashboard{}, b.err
	}
	d, err := b.builder.Build()
	// The SDK would hide links and the switches of annotations in a menu; they belong in sight.
	for i := range d.Links {
		d.Links[i].Placement = nil
	}
	for i := range d.Annotations.List {
		d.Annotations.List[i].Placement = nil
	}
	return d, err
}

// variable is one that Prometheus's labels fill.
type variable struct{ name, label, labelOf string }

func (v variable) query() cog.Builder[dashboard.VariableModel] {
	q := fmt.Sprintf("label_values(%s, %s)", fill(v.labelOf), v.name)
	return dashboard.NewQueryVariableBuilder(v.name).Label(v.label).Datasource(source()).
		Query(dashboard.StringOrMap{String: &q}).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".+")
}

// jobAndInstance choose among sidecars and applications alike, so that both dashboards share them.
func jobAndInstance() []variable {
	const both = `{__name__=~"veltrix_leader|veltrix_settings_generation"%s}`
	return []variable{
		{"job", "Job", fmt.Sprintf(both, "")},
		{"instance", "Instance", fmt.Sprintf(both, `, job=~"$job"`)},
	}
}
