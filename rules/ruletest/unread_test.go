package ruletest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A recorded series is kept where something looks at it, might, or might clash with it.
func TestWhatNobodyReadsIsNotStored(t *testing.T) {
	for rulesText, want := range map[string][]string{
		"{record: a, expr: x}, {record: b, expr: x}":                                             {"a", "b"},
		"{record: a, expr: x}, {record: b, expr: a}":                                             {"b"},
		"{record: a, expr: x}, {alert: A, expr: a > 1}":                                          {},
		"{record: a, expr: x}, {record: a, expr: x, labels: {l: m}}":                             {},
		"{record: a, expr: x}, {record: y, expr: x}":                                             {"a"},
		`{record: a, expr: x}, {record: b, expr: 'sum({job="j"})'}`:                              {},
		`{record: a, expr: x}, {alert: A, expr: x, annotations: {s: '{{ query "a" | first }}'}}`: {},
		"{record: a, expr: x}, {record: z, expr: x}":                                             {"a"},
	} {
		one, err := parse("rules.yml", []byte("groups: [{name: g, rules: ["+rulesText+"]}]"))
		require.NoError(t, err)
		r := newRun(&File{}, &Test{
			InputSeries: []Series{{Series: `x{l="1"}`}, {Series: "y"}}, Expressions: []ExprTest{{Expr: "sum(z)"}},
		}, &subject{sources: []source{one}})
		got := []string{}
		for name := range r.unread() {
			got = append(got, name)
		}
		require.ElementsMatch(t, want, got, rulesText)
	}
}
