package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// noData is shown where there is nothing to show.
const noData = "no data: is the scrape down?"

// query is one target: an expression, see [fill], and the legend of its series.
type query struct{ legend, expr string }

// view is a panel in the words of whoever designs a dashboard.
type view struct {
	title string
	// means says what is seen and what to do about it; page is where that is told at length, below docs.
	means, page string
	unit        string
	queries     []query
	width       uint32
	// steps are colours from a value on; the first begins at minus infinity.
	steps []step
	// words stand for numbers.
	words []word
	// none replaces noData where no data are good news.
	none string
	// bars are stacked.
	bars bool
	// limit is the top of the axis; from the data if it is 0.
	limit float64
}

// step is a colour from a value on.
type step struct {
	from  float64
	color string
}

// word is shown instead of a number.
type word struct{ value, text, color string }

// fill replaces the short forms of the selectors that nearly every expression has.
func fill(expr string) string {
	const place = `job=~"$job", instance=~"$instance"`
	return strings.NewReplacer(
		"<loop>", place+`, app=~"$app"`,
		"<rule>", place+`, app=~"$app", rule=~"$rule"`,
		"<client>", place+`, client_id=~"$client_id"`,
		"<topic>", place+`, client_id=~"$client_id", topic=~"$topic"`,
		"<place>", place,
	).Replace(expr)
}

// quantile is that of a histogram, from its native form where Prometheus scrapes that, and else from its buckets. by ends
// with a comma if it names a label.
func quantile(q, metric, selector, by string) string {
	return "histogram_quantile(" + q + ", sum by (" + strings.TrimSuffix(by, ", ") + ") (rate(" + metric + "{" + selector + "}[$__rate_interval])))\n" +
		"or histogram_quantile(" + q + ", sum by (" + by + "le) (rate(" + metric + "_bucket{" + selector + "}[$__rate_interval])))"
}

// mean is that of a histogram.
func mean(metric, selector, by string) string {
	part := func(suffix string) string {
		return "sum by (" + by + ") (rate(" + metric + suffix + "{" + selector + "}[$__rate_interval]))"
	}
	return part("_sum") + "\n  / (" + part("_count") + " > 0)"
}

func (v view) description() string {
	return v.means + "\n\n[What to do](" + Docs + v.page + ")"
}

func (v view) targets(instant bool) []cog.Builder[variants.Dataquery] {
	all := make([]cog.Builder[variants.Dataquery], len(v.queries))
	for i, q := range v.queries {
		t := prometheus.NewDataqueryBuilder().Expr(fill(q.expr)).LegendFormat(q.legend).RefId(string(rune('A' + i))).
			Datasource(source()).Exemplar(false).EditorMode(prometheus.QueryEditorModeCode)
		if instant {
			t.Instant()
		} else {
			t.Range()
		}
		all[i] = t
	}
	return all
}

func (v view) nothing() string {
	if v.none != "" {
		return v.none
	}
	return noData
}

func (v view) thresholds() cog.Builder[dashboard.ThresholdsConfig] {
	steps := []dashboard.Threshold{{Color: "green"}}
	if len(v.steps) > 0 {
		steps[0].Color = v.steps[0].color
	}
	for _, s := range v.steps[min(1, len(v.steps)):] {
		steps = append(steps, dashboard.Threshold{Value: &s.from, Color: s.color})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

// mappings turn numbers into words, and what is no number into words as well.
func (v view) mappings() []dashboard.ValueMapping {
	var all []dashboard.ValueMapping
	if len(v.words) > 0 {
		m := dashboard.NewValueMap()
		m.Options = map[string]dashboard.ValueMappingResult{}
		for i, w := range v.words {
			at := int32(i) //nolint:gosec // there are a few words
			m.Options[w.value] = dashboard.ValueMappingResult{Text: &w.text, Color: &w.color, Index: &at}
		}
		all = append(all, dashboard.ValueMapping{ValueMap: m})
	}
	none := v.nothing()
	s := dashboard.NewSpecialValueMap()
	s.Options.Match, s.Options.Result = dashboard.SpecialValueMatchNullAndNan, dashboard.ValueMappingResult{Text: &none}
	return append(all, dashboard.ValueMapping{SpecialValueMap: s})
}

// number shows what is so at present.
func (v view) number() cog.Builder[dashboard.Panel] {
	return stat.NewPanelBuilder().Title(v.title).Description(v.description()).Unit(v.unit).NoValue(v.nothing()).
		Span(v.width).Height(4).Targets(v.targets(true)).Thresholds(v.thresholds()).Mappings(v.mappings()).
		GraphMode(common.BigValueGraphModeNone).ColorMode(common.BigValueColorModeValue).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false))
}

// lines shows a course. Gaps stay gaps, and the axis begins at 0.
func (v view) lines() cog.Builder[dashboard.Panel] {
	no := false
	p := timeseries.NewPanelBuilder().Title(v.title).Description(v.description()).Unit(v.unit).NoValue(v.nothing()).
		Span(v.width).Height(8).Min(0).Targets(v.targets(false)).Thresholds(v.thresholds()).
		LineWidth(1).FillOpacity(5).ShowPoints(common.VisibilityModeAuto).SpanNulls(common.BoolOrFloat64{Bool: &no}).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).
			Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull", "max"}))
	if v.limit > 0 {
		p.Max(v.limit)
	}
	if len(v.steps) > 0 {
		p.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	if v.bars {
		p.DrawStyle(common.GraphDrawStyleBars).FillOpacity(60).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	}
	return p
}

// states shows what was so from when to when.
func (v view) states() cog.Builder[dashboard.Panel] {
	return statetimeline.NewPanelBuilder().Title(v.title).Description(v.description()).Unit(v.unit).NoValue(v.nothing()).
		Span(v.width).Height(8).Targets(v.targets(false)).Thresholds(v.thresholds()).Mappings(v.mappings()).
		ShowValue(common.VisibilityModeAuto).MergeValues(true).FillOpacity(70).NeverSpanNulls().
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeList).
			Placement(common.LegendPlacementBottom).Calcs([]string{}))
}

// enumWords are the words of an enum, whose metric is the position in its list.
func enumWords(values []string) []word {
	colors := []string{"green", "blue", "purple", "orange", "yellow"}
	words := make([]word, len(values))
	for i, v := range values {
		words[i] = word{string(rune('0' + i)), v, colors[i%len(colors)]}
	}
	return words
}
