package rules_test

import (
	"strings"
	"testing"
	"time"

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
	require.Contains(t, text, `bad.yml:6:5: unknown key "clases"; known here are`)
	require.Contains(t, text, `bad.yml:11:1: PromQL: unclosed left parenthesis`)
	require.Contains(t, text, `bad.yml:13:13: "producer.lingr.ms" is no setting`)
	require.Contains(t, text, `bad.yml:14:7: an action has exactly one of`)
	require.Contains(t, text, `bad.yml:15:7:`)
	require.Contains(t, text, `on_missing: hold, clear or revert`)
}

func TestTheCaretStandsUnderThePlace(t *testing.T) {
	_, err := rules.Parse("bad.yml", []byte("groups:\n- name: g\n  rules:\n  - alert: A\n    exp: up\n"))
	require.ErrorContains(t, err, "    exp: up\n        ^")
}

func TestWhatIsNoRuleFileIsRefused(t *testing.T) {
	for _, bad := range []string{
		"", "a: [", "[]", "groups: {}", "groups: []\n---\ngroups: []", "groups: &a []", "groups:\n- name: g\n  name: h",
		"groups:\n- name: g\n- name: g", "groups:\n- rules: [{alert: A, expr: up}]",
		"groups:\n- name: g\n  rules: [{alert: A, expr: up}, {alert: A, expr: up}]",
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
	f.Fuzz(func(t *testing.T, expr string) {
		scoped, err := rules.Scope(expr, selector)
		if err != nil {
			return
		}
		again, err := rules.Scope(scoped, selector)
		require.NoError(t, err, scoped)
		require.Equal(t, scoped, again, "scoping twice changes nothing")
	})
}
