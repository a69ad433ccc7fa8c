package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

const whole = `
groups:
- name: producers
  interval: 15s
  query_offset: 5s
  limit: 10
  labels: {team: hunt}
  rules:
  - record: job:sent:rate1m
    expr: sum(rate(sent_total[1m]))
  - alert: Slow
    expr: latency_seconds > 0.5
    clear_expr: latency_seconds < 0.4
    for: 30s
    keep_firing_for: 1m
    class: protect
    priority: 3
    mode: shadow
    on_missing: revert
    guards:
    - {name: brokers_up, expr: 'min(up{job="kafka"}) == 1'}
    actions:
    - {set: producer.linger.ms, multiply: 2, min: 2, max: 100}
    - {set: producer.linger.ms, topic: hunt.commands, target: 2 * latency_seconds, max: 50}
    - {set: producer.batch.size, ratio: {expr: fill, target: 0.8}, max: 1048576}
    - {set: producer.compression.type, to: lz4}
    labels: {severity: info}
    annotations: {summary: slow}
`

func TestAFileIsReadWhole(t *testing.T) {
	f, err := rules.Parse("hunt.yml", []byte(whole))
	require.NoError(t, err)
	g := f.Groups[0]
	require.Equal(t, 15*time.Second, g.Interval)
	require.Equal(t, "job:sent:rate1m", g.Rules[0].Name())
	r := g.Rules[1]
	require.Equal(t, tuner.ClassProtect, r.Class)
	require.Equal(t, tuner.ModeShadow, r.Mode)
	require.Equal(t, rules.MissingRevert, r.OnMissing)
	require.Equal(t, 11, r.Line)
	require.Len(t, r.Actions, 4)
	require.Equal(t, tuner.OpMultiply, r.Actions[0].Op)
	require.InDelta(t, 2, r.Actions[0].Operand, 0)
	require.EqualValues(t, 100, *r.Actions[0].Bound.Max)
	require.Equal(t, "hunt.commands", r.Actions[1].Topic)
	require.Equal(t, tuner.OpRatio, r.Actions[2].Op)
	require.Equal(t, settings.ProducerCompressionType, r.Actions[3].Set)
	require.Equal(t, "lz4", r.Actions[3].Word)
}

// Everything that is wrong is said at once, each with its place and what to do.
func TestAllComplaintsComeAtOnceWithTheirPlaces(t *testing.T) {
	_, err := rules.Parse("bad.yml", []byte(`groups:
- name: g
  rules:
  - alert: A
    expr: rate(x[1m)
    clases: protect
  - alert: B
    expr: |
      up == 0
        and sum(x) by (y
    class: protect
    actions:
    - {set: producer.lingr.ms, add: 1}
    - {set: producer.linger.ms, add: 1, to: 5}
    - {set: producer.linger.ms, add: 1, min: 9000}
`))
	var lines []string
	for _, p := range rules.Problems(err) {
		lines = append(lines, strings.SplitN(p.Error(), "\n", 2)[0])
	}
	text := strings.Join(lines, "\n")
	require.Contains(t, text, `bad.yml:5:20: PromQL:`)
	require.Contains(t, text, `bad.yml:6:5: unknown key "clases"; did you mean class?`)
	require.Contains(t, text, `bad.yml:10:25: PromQL: unclosed left parenthesis`)
	require.Contains(t, text, `bad.yml:13:13: "producer.lingr.ms" is no setting; did you mean producer.linger.ms?`)
	require.Contains(t, text, `bad.yml:14:7: an action has exactly one of`)
	require.Contains(t, text, `bad.yml:15:46: bounds of producer.linger.ms leave no value`)
}

func TestTheCaretStandsUnderThePlace(t *testing.T) {
	_, err := rules.Parse("bad.yml", []byte("groups:\n- name: g\n  rules:\n  - alert: A\n    exp: up\n"))
	require.ErrorContains(t, err, "        exp: up\n        ^^^")
}

func TestWhatIsNoRuleFileIsRefused(t *testing.T) {
	for _, bad := range []string{
		"a: [", "[]", "groups: {}", "groups: []\n---\ngroups: []", "groups:\n- name: g\n  name: h",
		"groups:\n- name: g\n- name: g", "groups:\n- rules: [{alert: A, expr: up}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up}, {alert: A, expr: up, class: interlock}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, class: relax, on_missing: hold}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, guards: [{name: x, expr: up}]}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: 'up[5m]'}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: '\"up\"'}]}]",
		"groups: [{name: g, rules: [{record: 'up{a=\"b\"}', expr: up}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, labels: {__name__: x}}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, annotations: {summary: '{{ $labels.x '}}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, scope: everywhere}]}]",
		"groups: [{name: g, rules: [&r {alert: A, expr: up, <<: *r}]}]",
		"groups:\n- name: g\n  rules: [{expr: up}]", "groups:\n- name: g\n  rules: [{alert: A}]",
		"groups:\n- name: g\n  rules: [{alert: A, record: a, expr: up}]",
		"groups:\n- name: g\n  rules: [{record: a, expr: up, for: 1m}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up, class: interlock, on_missing: hold, actions: [{set: producer.linger.ms, to: 5}]}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up, class: relax, on_missing: hold, actions: [{set: producer.linger.ms, multiply: 0}]}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up, class: relax, on_missing: hold, actions: [{set: producer.acks, multiply: 2}]}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up, class: relax, on_missing: hold, actions: [{set: producer.acks, topic: t, to: all}]}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up, for: soon}]",
	} {
		_, err := rules.Parse("bad.yml", []byte(bad))
		require.Error(t, err, bad)
		require.NotEmpty(t, rules.Problems(err), bad)
	}
}

// What Prometheus reads, is read here too.
func TestWhatPrometheusReadsIsRead(t *testing.T) {
	for _, good := range []string{
		"", "# nothing yet\n", "groups:\n", "groups: []",
		"groups: [{name: g, rules: [{alert: A, expr: up == 0, labels: {severity: warning}}, {alert: A, expr: up == 0, for: 1h, labels: {severity: critical}}]}]",
		"groups:\n- &g\n  name: g\n  rules: &r [{alert: A, expr: up}]\n- name: h\n  rules: *r\n- <<: *g\n  name: i\n",
		"groups: [{name: g, rules: [{alert: A, expr: up, for: 0, labels: {x: 1}, annotations: {summary: '{{ $labels.x }} {{ $value | humanize }} {{ with query \"up\" }}{{ . | first | value }}{{ end }}'}}]}]",
		"groups: [{name: g, limit: 3, query_offset: 1m, rules: [{record: 'a:b:c', expr: 1, labels: {x: y}}, {alert: A, expr: vector(1), for: null, keep_firing_for: 1d}]}]",
		"groups: [{name: 'é', rules: [{alert: 'with blanks', expr: '{\"a.b\"} > 0'}]}]",
	} {
		f, err := rules.Parse("good.yml", []byte(good))
		require.NoError(t, err, good)
		_, problems := rulefmt.Parse([]byte(good), false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
		require.Empty(t, problems, good)
		_, err = rules.NewSet([]rules.Source{{File: f}}, rules.SetOptions{})
		require.NoError(t, err, good)
	}
}

// A contradiction between an expression and the configured selector is shown where it stands.
func TestAContradictionIsShownWhereItStands(t *testing.T) {
	f, err := rules.Parse("t.yml", []byte(`groups:
- name: g
  rules:
  - alert: A
    expr: |
      sum(x) > 1
        and up{job="kafka"} == 0
`))
	require.NoError(t, err)
	selector, err := rules.ParseSelector(`{job="hunt"}`)
	require.NoError(t, err)
	_, err = rules.NewSet([]rules.Source{{File: f}}, rules.SetOptions{Selector: selector})
	require.ErrorContains(t, err, `t.yml:7:13: job="kafka" can't be true together with job="hunt"`)
	require.ErrorContains(t, err, "\n                "+strings.Repeat("^", len(`up{job="kafka"}`)))
}

func TestScope(t *testing.T) {
	for expr, want := range map[string]string{
		"up":                `up{job="hunt"}`,
		`up{job="hunt"}`:    `up{job="hunt"}`,
		`up{job=~"h.*"}`:    `up{job="hunt",job=~"h.*"}`,
		`{__name__=~"a|b"}`: `{__name__=~"a|b",job="hunt"}`,
		"absent(x) or y":    `absent(x{job="hunt"}) or y{job="hunt"}`,
		"max_over_time(rate(x[1m])[5m:]) > ignoring (a) group_left () y offset 1m": `max_over_time(rate(x{job="hunt"}[1m])[5m:]) > ignoring (a) group_left () y{job="hunt"} offset 1m`,
		`label_replace(x, "a", "b", "c", "d")`:                                     `label_replace(x{job="hunt"}, "a", "b", "c", "d")`,
		"scalar(x) + 1":                                                            `scalar(x{job="hunt"}) + 1`,
		"time()":                                                                   "time()",
	} {
		selector, err := rules.ParseSelector(`{job="hunt"}`)
		require.NoError(t, err)
		got, err := rules.Scope(expr, selector)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestScopeRefusesWhatCanNeverMatch(t *testing.T) {
	for _, c := range []struct{ selector, expr string }{
		{`{job="hunt"}`, `up{job="kafka"}`},
		{`{job="hunt"}`, `up{job!="hunt"}`},
		{`{job="hunt"}`, `up{job=~"kafka.*"}`},
		{`{job=~"hunt.*"}`, `sum(rate(x{job="kafka"}[5m]))`},
		{`{job!="kafka"}`, `absent(x{job="kafka"})`},
		{`{job="hunt"}`, `x{job=""}`},
	} {
		selector, err := rules.ParseSelector(c.selector)
		require.NoError(t, err)
		_, err = rules.Scope(c.expr, selector)
		require.ErrorContains(t, err, "can't be true together", c.expr)
	}
	for _, bad := range []string{"up", `{__name__="up"}`, `{job=`, "{}x"} {
		_, err := rules.ParseSelector(bad)
		require.Error(t, err, bad)
	}
	for _, none := range []string{"", "{}", " "} {
		selector, err := rules.ParseSelector(none)
		require.NoError(t, err)
		require.Empty(t, selector)
	}
}

func TestRanges(t *testing.T) {
	for expr, want := range map[string]time.Duration{
		"up": 0, "not PromQL (": 0, "rate(x[1m])": time.Minute, "rate(x[1m] offset 5m)": 6 * time.Minute, "x offset 2m": 2 * time.Minute,
		"max_over_time(rate(x[1m])[10m:30s] offset 1m) + rate(y[5m])": 12 * time.Minute, "rate(x[1m * 2])": 2 * time.Minute,
	} {
		require.Equal(t, want, rules.LongestRange(expr), expr)
	}
	got, err := rules.WithRange("rate(x[1m]) > max_over_time(rate(y[1m])[5m:1m])", 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, "rate(x[10s]) > max_over_time(rate(y[10s])[5m:1m])", got)
}

func TestThePacksAreGood(t *testing.T) {
	require.NotEmpty(t, rules.Packs())
	for _, name := range rules.Packs() {
		f, err := rules.LoadPack(name)
		require.NoError(t, err)
		_, err = rules.NewSet([]rules.Source{{File: f, Range: 10 * time.Second}}, rules.SetOptions{})
		require.NoError(t, err)
	}
	_, err := rules.LoadPack("nonsense")
	require.ErrorContains(t, err, "kafka-producer")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("groups: [{name: g, rules: [{alert: A, expr: 'up == 0'}]}]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := rules.Parse("fuzz.yml", content)
		if err != nil {
			require.NotEmpty(t, rules.Problems(err))
			return
		}
		_, _ = rules.NewSet([]rules.Source{{File: file, Range: time.Minute}}, rules.SetOptions{})
	})
}

func FuzzScope(f *testing.F) {
	for _, e := range []string{"up", `sum(rate(x{a="b"}[5m])) / 2`, "max_over_time(x[5m:1m])", "absent(x) or y unless z", "label_replace(x, \"a\", \"b\", \"c\", \"d\")"} {
		f.Add(e)
	}
	selector, err := rules.ParseSelector(`{job="hunt"}`)
	require.NoError(f, err)
	promql := parser.NewParser(parser.Options{EnableExperimentalFunctions: true, EnableBinopFillModifiers: true})
	f.Fuzz(func(t *testing.T, expr string) {
		scoped, err := rules.Scope(expr, selector)
		if err != nil {
			return
		}
		again, err := rules.Scope(scoped, selector)
		require.NoError(t, err, scoped)
		require.Equal(t, scoped, again, "scoping twice changes nothing")
		before, err := promql.ParseExpr(expr)
		require.NoError(t, err)
		after, err := promql.ParseExpr(scoped)
		require.NoError(t, err)
		require.Len(t, parser.ExtractSelectors(after), len(parser.ExtractSelectors(before)))
		for _, matchers := range parser.ExtractSelectors(after) {
			require.Contains(t, fmt.Sprint(matchers), `job="hunt"`)
		}
	})
}
