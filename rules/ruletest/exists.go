package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/veltrix/veltrix/rules"
)

// A test passes for the wrong reason where it names a series that doesn't exist: a misspelt input that no rule looks at, or an
// expression that gives nothing because there is no such metric.

// checkSeries notes the input series that nothing asks for, by their metrics' names.
func (r *run) checkSeries() {
	names, matchers := metrics(r.asked())
	for _, s := range r.test.InputSeries {
		metric := metricOf(s.Series)
		if metric == "" || names[metric] || slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return m.Matches(metric) }) {
			continue
		}
		c := Check{At: r.test.end(), What: "input series " + s.Series, Why: "no rule and no expression of this test asks for " + metric}
		if len(names) > 0 {
			c.Why += "; " + rules.Suggest(metric, slices.Sorted(maps.Keys(names)))
		}
		c.compare("asked for", "true", "false")
		r.note(&c, nil)
	}
}

// checkExists adds to an expression that gave nothing, as expected, what it asks for that could never be there.
func (r *run) checkExists(c *Check, e ExprTest) {
	expr, err := newParser().ParseExpr(e.Expr)
	if err != nil || len(e.Samples) > 0 {
		return
	}
	there := r.subject.recorded()
	maps.Copy(there, map[string]bool{"ALERTS": true, "ALERTS_FOR_STATE": true})
	for _, s := range r.test.InputSeries {
		there[metricOf(s.Series)] = true
	}
	names, _ := metrics([]parser.Expr{expr})
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !there[name] {
			c.compare(name, "an input or recorded", "neither")
			c.Why = "without " + name + " the expression can only give nothing; name an input series, or what a rule records"
		}
	}
}

// expressions returns everything that a rule asks.
func expressions(r *rules.Rule) []parser.Expr {
	all := []parser.Expr{r.Expr}
	if r.ClearExpr != nil {
		all = append(all, r.ClearExpr)
	}
	for _, g := range r.Guards {
		all = append(all, g.Expr)
	}
	for i := range r.Actions {
		if e := r.Actions[i].Expr; e != nil {
			all = append(all, e)
		}
	}
	return all
}

// metrics returns the names that expressions ask for, and the matchers of those that don't ask for one name.
func metrics(all []parser.Expr) (names map[string]bool, matchers []*labels.Matcher) {
	names = map[string]bool{}
	for _, e := range all {
		parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
			vs, ok := n.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			name, matcher := metricAsked(vs)
			if matcher == nil {
				names[name] = true
			} else {
				matchers = append(matchers, matcher)
			}
			return nil
		})
	}
	return names, matchers
}

// metricAsked returns the metric that a selector asks for, or a matcher if it asks for several.
func metricAsked(vs *parser.VectorSelector) (string, *labels.Matcher) {
	for _, m := range vs.LabelMatchers {
		if m.Name == model.MetricNameLabel {
			if m.Type == labels.MatchEqual {
				return m.Value, nil
			}
			return "", m
		}
	}
	return "", labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".*")
}

// metricOf returns the name of an input series, empty if it can't be read: loading it says why.
func metricOf(series string) string {
	l, err := newParser().ParseMetric(strings.TrimSpace(series))
	if err != nil {
		return ""
	}
	return l.Get(model.MetricNameLabel)
}

// unknownSetting returns what is wrong with an input series of a setting that doesn't exist, empty if nothing is.
func unknownSetting(series string) string {
	l, err := newParser().ParseMetric(strings.TrimSpace(series))
	if err != nil || l.Get(model.MetricNameLabel) != "veltrix_setting_value" || known(l.Get("setting")) {
		return ""
	}
	return fmt.Sprintf("%q is no setting; %s", l.Get("setting"), rules.Suggest(l.Get("setting"), settingNames()))
}
