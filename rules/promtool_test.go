package rules_test

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// Plain rule files are accepted and refused as the real promtool does: those that show a rule of the language each, and 120
// that are put together from parts, right and wrong.
func TestPromtoolAgreesOnPlainFiles(t *testing.T) {
	promtool := lookPromtool(t)
	files := plainFiles()
	if promtoolSays(t, promtool, utf8Files()[0]) == nil { // Prometheus 3, whose parser is ours
		files = append(files, utf8Files()...)
	}
	for seed := range int64(120) {
		files = append(files, randomFile(rand.New(rand.NewSource(seed))))
	}
	accepted := 0
	for i, text := range files {
		_, ours := rules.Parse("t.yml", []byte(text))
		theirs := promtoolSays(t, promtool, text)
		require.Equal(t, theirs == nil, ours == nil, "file %d:\n%s\npromtool: %v\nVeltrix: %v", i, text, theirs, ours)
		if ours == nil && theirs == nil {
			accepted++
			formatted, err := rules.Format("t.yml", []byte(text))
			require.NoError(t, err, text)
			require.NoError(t, promtoolSays(t, promtool, string(formatted)), "formatted:\n%s", formatted)
		}
	}
	require.Greater(t, accepted, len(files)/5, "the files are not all bad")
	require.Less(t, accepted, len(files)*4/5, "nor all good")
}

func lookPromtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("VELTRIX_REQUIRE_REAL") == "1" {
		t.Fatal("VELTRIX_REQUIRE_REAL is 1 and there is no promtool in PATH; install Prometheus")
	}
	if err != nil {
		t.Skip("no promtool in PATH; install Prometheus to run this test")
	}
	return path
}

// promtoolSays returns nil if promtool accepts the file. Its lints are off: they are no matter of the language.
func promtoolSays(t *testing.T, promtool, text string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint=none", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// utf8Files have names of metrics and labels that Prometheus takes since version 3.
func utf8Files() []string {
	return []string{
		"groups: [{name: g, rules: [{record: a-b, expr: up}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, labels: {0a: b}}]}]",
		"groups: [{name: g, rules: [{alert: A, expr: up, annotations: {0a: b}}]}]",
	}
}

// plainFiles are corners of the language that every promtool since 2.42 knows.
func plainFiles() []string {
	files := []string{
		"", "# nothing\n", "groups:\n", "groups: []\n", "groups: {}\n", "group: []\n", "- a\n", "groups: [\n",
		"groups: [{name: g, rules: []}]", "groups: [{name: g}]", "groups: [{rules: []}]",
		"groups: [{name: g, rules: []}, {name: g, rules: []}]", "groups: [{name: g, rules: []}, {name: h, rules: []}]",
		"groups: [{name: g, interval: 1m30s, limit: 3, rules: []}]", "groups: [{name: g, interval: 5, rules: []}]",
		"groups: [{name: g, limit: many, rules: []}]", "groups: [{name: g, interval: -5s, rules: []}]",
	}
	for _, rule := range []string{
		"{alert: A, expr: up}", "{record: a, expr: up}", "{alert: A, record: a, expr: up}", "{expr: up}", "{alert: A}", "{alert: A, expr: ''}",
		"{record: 'a:b:c', expr: up}", "{record: a, expr: up, for: 5m}", "{record: a, expr: up, for: 0s}", "{record: a, expr: up, keep_firing_for: 0s, annotations: {}}", "{record: a, expr: up, for: , annotations: }",
		"{record: a, expr: up, keep_firing_for: 5m}",
		"{record: a, expr: up, annotations: {a: b}}", "{record: a, expr: up, labels: {a: b}}", "{record: a, expr: up, labels: {__name__: b}}",
		"{alert: A, expr: up, labels: {__name__: b}}",
		"{alert: A, expr: up, labels: {a: '{{ .Bad'}}", "{alert: A, expr: up, labels: {a: '{{ $labels.x }}'}}", "{alert: A, expr: up, annotations: {a: '{{ nonsense 1 }}'}}",
		"{alert: A, expr: up, annotations: {a: '{{ $value | humanize }}'}}", "{alert: A, expr: up, for: 1d12h}", "{alert: A, expr: up, for: 12h1d}",
		"{alert: A, expr: up, for: soon}", "{alert: A, expr: up, for: 5m, expr: up}", "{alert: A, expr: up, labels: [a]}", "{alert: A, expr: 1 + 1}",
		"{alert: A, expr: up, colour: red}", "{alert: A, expr: [up]}", "{alert: [A], expr: up}", "{alert: A, expr: up, labels: {a: 1}}", "{alert: A, expr: 5}",
	} {
		files = append(files, "groups: [{name: g, rules: ["+rule+"]}]")
	}
	return files
}

// randomFile puts a file together; about half of them are wrong somewhere.
func randomFile(r *rand.Rand) string {
	pick := func(right, wrong []string) string {
		if r.Intn(12) == 0 {
			return wrong[r.Intn(len(wrong))]
		}
		return right[r.Intn(len(right))]
	}
	exprs := []string{
		"up == 0", "sum by (job) (rate(x_total[5m])) > 1", "histogram_quantile(0.9, sum by (le) (rate(h_bucket[1m]))) > 2", "absent(up)",
		"a and on (job) b", "a / ignoring (x) group_left () b", "max_over_time(up[5m:1m]) offset 5m > 1", "topk(3, x) unless y", "-x ^ 2 > bool 3", `label_replace(x, "a", "$1", "b", "(.*)")`,
	}
	wrong := []string{"up ==", "sum(rate(x))", "rate(x)", "x[5m", "foo(x)", "a and 5", "{}", `x{a=~"("}`, "sum by (le (x)", "x offset", "histogram_quantile(x, 0.9)"}
	var b strings.Builder
	b.WriteString("groups:\n- name: " + pick([]string{"g", "'a b'", "ü"}, []string{"''", "[g]"}) + "\n")
	if r.Intn(2) == 0 {
		b.WriteString("  interval: " + pick([]string{"15s", "1m", "1h30m"}, []string{"5", "x", "1.5m"}) + "\n")
	}
	b.WriteString("  rules:\n")
	for i := range 1 + r.Intn(3) {
		fmt.Fprintf(&b, "  - %s: %s%d\n    expr: '%s'\n", pick([]string{"alert", "record"}, []string{"alarm"}), pick([]string{"A", "a:b"}, []string{"A_"}), i, pick(exprs, wrong))
		if r.Intn(3) == 0 {
			b.WriteString("    for: " + pick([]string{"5m", "0s", "1d"}, []string{"soon", "-5m"}) + "\n")
		}
		if r.Intn(2) == 0 {
			b.WriteString("    labels: " + pick([]string{"{severity: page}", "{a: '{{ $labels.job }}'}", "{}"}, []string{"[a]", "{a: '{{'}", "x"}) + "\n")
		}
	}
	return b.String()
}
