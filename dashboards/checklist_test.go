package dashboards_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/dashboards"
)

// D1, D8: whoever changes a dashboard in Go generates it, the same bytes each time.
func TestFilesAreWhatTheCodeSays(t *testing.T) {
	all, err := dashboards.All()
	require.NoError(t, err)
	for name, d := range all {
		want, err := dashboards.Encode(d)
		require.NoError(t, err)
		again, err := dashboards.Encode(d)
		require.NoError(t, err)
		require.Equal(t, string(want), string(again))
		got, err := os.ReadFile(filepath.Join(dashboards.Folder, name+".json"))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%s is stale: run `go generate ./dashboards`", name)
		require.NotContains(t, string(got), "\r")
	}
	require.Len(t, all, len(files(t)), "a file that no code makes")
}

// D2 to D7: what a dashboard says of itself.
func TestADashboardIntroducesItself(t *testing.T) {
	titles := map[string]bool{}
	for _, s := range files(t) {
		require.NotContains(t, s.loose, "id", s.file)
		require.NotContains(t, s.loose, "iteration", s.file)
		require.NotContains(t, s.loose, "__inputs", "it is resolved by the import page alone, not by provisioning")
		require.EqualValues(t, 1, *s.Version)
		require.Regexp(t, `^veltrix-[a-z0-9-]{1,31}$`, *s.Uid)
		require.Equal(t, *s.Uid+".json", filepath.Base(s.file))
		require.Regexp(t, `^Veltrix / \S`, *s.Title)
		require.False(t, titles[*s.Title], *s.Title)
		titles[*s.Title] = true
		require.NotEmpty(t, *s.Description)
		require.Equal(t, []string{"veltrix", "kafka"}, s.Tags)
		require.Equal(t, "browser", *s.Timezone)
		require.EqualValues(t, 42, s.SchemaVersion)
		require.Empty(t, s.loose["__elements"])
		require.NotEmpty(t, s.loose["__requires"])
		require.False(t, *s.Editable)
		require.Equal(t, dashboard.DashboardCursorSyncCrosshair, *s.GraphTooltip)
		require.Equal(t, "30s", *s.Refresh)
		require.Equal(t, "now-1h", s.Time.From)
		require.Equal(t, "now", s.Time.To)
	}
}

// D9, D11: the variables, in the order in which people choose.
func TestVariablesAreFilledFromLabels(t *testing.T) {
	for _, s := range files(t) {
		list := s.Templating.List
		first := list[0]
		require.Equal(t, dashboard.VariableType("datasource"), first.Type)
		require.Equal(t, "datasource", first.Name)
		require.Equal(t, "Data source", *first.Label)
		require.Equal(t, "prometheus", *first.Query.String)
		require.Equal(t, dashboard.VariableHideDontHide, *first.Hide)
		require.Nil(t, first.Current)
		require.Nil(t, first.Regex)
		require.Equal(t, "job", list[1].Name)
		require.Equal(t, "Job", *list[1].Label)
		require.Equal(t, "instance", list[2].Name)
		require.Equal(t, "Instance", *list[2].Label)
		for _, v := range list[1:] {
			require.Equal(t, dashboard.VariableType("query"), v.Type, v.Name)
			require.Equal(t, dashboard.VariableRefreshOnTimeRangeChanged, *v.Refresh, v.Name)
			require.True(t, *v.Multi && *v.IncludeAll, v.Name)
			require.Equal(t, ".+", *v.AllValue, v.Name)
			require.Equal(t, dashboard.VariableSortAlphabeticalAsc, *v.Sort, v.Name)
			require.Equal(t, "${datasource}", *v.Datasource.Uid, v.Name)
			require.Regexp(t, `^label_values\(.+, `+v.Name+`\)$`, *v.Query.String)
			if v.Name != "job" {
				require.Contains(t, *v.Query.String, `job=~"$job"`)
			}
		}
	}
}

// D10: a dashboard asks the data source that was chosen, whatever its id.
func TestNoDataSourceIsWrittenInto(t *testing.T) {
	uids := regexp.MustCompile(`"datasource": \{[^}]*"uid": "([^"]*)"`)
	for _, s := range files(t) {
		found := uids.FindAllSubmatch(s.raw, -1)
		require.NotEmpty(t, found)
		for _, m := range found {
			require.Contains(t, []string{"${datasource}", "-- Grafana --"}, string(m[1]))
		}
		for _, p := range s.panels() {
			require.Equal(t, "${datasource}", *p.Datasource.Uid, *p.Title)
		}
	}
}

// D12: variables as Grafana writes them today, and those with several values only as regular expressions.
func TestVariablesAreUsedAsRegularExpressions(t *testing.T) {
	known := regexp.MustCompile(`\$(\{?)([a-zA-Z_]+)`)
	equals := regexp.MustCompile(`[^~]"\$|=\s*"\$`)
	for _, s := range files(t) {
		require.NotContains(t, string(s.raw), "[[")
		names := []string{"__rate_interval", "__interval", "__range"}
		for _, v := range s.Templating.List {
			names = append(names, v.Name)
		}
		for _, e := range s.exprs() {
			for _, m := range known.FindAllStringSubmatch(e, -1) {
				require.Contains(t, names, m[2], e)
			}
			require.NotRegexp(t, equals, strings.ReplaceAll(e, `=~"$`, `=~"`), e)
		}
	}
}

// D13, D14: core panels alone, each with its own id and place.
func TestPanelsHaveTheirPlace(t *testing.T) {
	kinds := []string{"timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "state-timeline", "status-history", "text"}
	for _, s := range files(t) {
		ids, taken := map[uint32]bool{}, map[[2]uint32]string{}
		place := func(id uint32, title string, g *dashboard.GridPos) {
			require.Positive(t, id)
			require.False(t, ids[id], "%s: id %d twice", title, id)
			ids[id] = true
			require.LessOrEqual(t, g.X+g.W, uint32(24), title)
			require.Positive(t, g.H)
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					require.NotContains(t, taken, [2]uint32{x, y}, "%s lies over another", title)
					taken[[2]uint32{x, y}] = title
				}
			}
		}
		for _, p := range s.Panels {
			if p.RowPanel != nil {
				require.False(t, p.RowPanel.Collapsed)
				require.Empty(t, p.RowPanel.Panels)
				place(p.RowPanel.Id, *p.RowPanel.Title, p.RowPanel.GridPos)
				continue
			}
			require.Contains(t, kinds, p.Panel.Type)
			place(*p.Panel.Id, *p.Panel.Title, p.Panel.GridPos)
		}
	}
}

// D15 to D17: a panel says what it shows, in which unit, what to do, and what the lack of data means.
func TestPanelsExplainThemselves(t *testing.T) {
	units := []string{"s", "ms", "bytes", "Bps", "reqps", "ops", "cps", "percentunit", "short", "none"}
	link := regexp.MustCompile(`\(` + regexp.QuoteMeta(dashboards.Docs) + `([^)]+)\)$`)
	for _, s := range files(t) {
		for _, p := range s.panels() {
			require.NotEmpty(t, *p.Title)
			m := link.FindStringSubmatch(*p.Description)
			require.NotNil(t, m, "%s: no link to what to do: %s", *p.Title, *p.Description)
			require.FileExists(t, filepath.Join("..", "docs", m[1]), *p.Title)
			d := p.FieldConfig.Defaults
			require.Contains(t, units, *d.Unit, *p.Title)
			require.NotEmpty(t, *d.NoValue, *p.Title)
			require.NotEmpty(t, p.Targets, *p.Title)
			if p.Type == "timeseries" {
				require.Zero(t, *d.Min, *p.Title)
				require.Contains(t, mustJSON(t, p), `"spanNulls":false`, "gaps stay visible")
				require.Contains(t, mustJSON(t, p), `"displayMode":"table","placement":"bottom","showLegend":true,`, *p.Title)
				require.Contains(t, mustJSON(t, p), `"calcs":["lastNotNull","max"]`, *p.Title)
			}
			if p.Type == "stat" {
				require.True(t, slices.ContainsFunc(d.Mappings, func(m dashboard.ValueMapping) bool {
					return m.SpecialValueMap != nil && m.SpecialValueMap.Options.Match == dashboard.SpecialValueMatchNullAndNan
				}), "%s: what is no number has a word", *p.Title)
			}
			refs := map[string]bool{}
			for _, q := range targets(p) {
				require.NotEmpty(t, *q.LegendFormat, *p.Title)
				require.False(t, refs[*q.RefId], "%s: refId twice", *p.Title)
				refs[*q.RefId] = true
			}
			require.Len(t, refs, len(p.Targets))
		}
	}
}

// D24, D25: annotations on top of Grafana's own, and the way to the other dashboards.
func TestChangesAreMarkedAndDashboardsLinked(t *testing.T) {
	for _, s := range files(t) {
		list := s.Annotations.List
		require.Equal(t, "Annotations & Alerts", list[0].Name)
		require.InDelta(t, 1, *list[0].BuiltIn, 0)
		require.True(t, *list[0].Hide)
		var names []string
		for i, a := range list[1:] {
			names = append(names, a.Name)
			raw := s.loose["annotations"].(map[string]any)["list"].([]any)[i+1].(map[string]any)
			require.NotEmpty(t, raw["titleFormat"])
			require.NotEmpty(t, raw["textFormat"])
		}
		require.Subset(t, names, []string{"Settings changes", "Taken back", "Restarts"})
		require.True(t, list[1].Enable, "every settings change is marked unless somebody switches it off")
		require.Len(t, s.Links, 1)
		l := s.Links[0]
		require.Equal(t, dashboard.DashboardLinkTypeDashboards, l.Type)
		require.Equal(t, []string{"veltrix"}, l.Tags)
		require.True(t, l.AsDropdown && l.IncludeVars && l.KeepTime)
	}
}
