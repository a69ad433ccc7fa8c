package ruletest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/internal/kafkatest"
)

// promtoolFiles are unit tests as promtool reads them, and nothing else.
const promtoolFiles = "testdata/promtool"

// Promtool's files pass here as they are.
func TestPromtoolsFilesPass(t *testing.T) {
	names, err := filepath.Glob(promtoolFiles + "/*_test.yml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		require.Empty(t, complaints(t, name), name)
	}
}

// Each expectation of these files is bent in every way, one at a time, and the real promtool is asked whether the file still
// passes: the verdict here is the same.
func TestVerdictsAreThoseOfPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	kafkatest.Need(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(promtoolFiles)))
	originals, err := filepath.Glob(dir + "/*_test.yml")
	require.NoError(t, err)
	names := originals
	for _, name := range originals {
		names = append(names, bend(t, name)...)
	}
	ask := exec.CommandContext(t.Context(), promtool, append([]string{"test", "rules"}, names...)...)
	var out bytes.Buffer
	ask.Stdout = &out
	require.NoError(t, ask.Start())
	ours := map[string][]string{}
	for _, name := range names {
		ours[name] = complaints(t, name)
	}
	require.Error(t, ask.Wait(), "some files must fail")
	theirs := verdicts(t, out.String(), names)
	passed := 0
	for _, name := range names {
		failures := ours[name]
		if len(failures) == 0 {
			passed++
		}
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, theirs[name], len(failures) == 0, "%s: promtool says passed: %v, here: %s\n%s", name, theirs[name], failures, content)
	}
	t.Logf("%d files, of which %d pass", len(names), passed)
	require.Greater(t, len(names), 100)
	require.Greater(t, passed, len(originals))
	require.Less(t, passed, len(names)/2)
}

// complaints runs a file here and returns what was not met.
func complaints(t *testing.T, name string) []string {
	t.Helper()
	f, err := Load(name)
	require.NoError(t, err)
	report, err := f.Run(t.Context(), Options{})
	require.NoError(t, err)
	var all []string
	for _, c := range report.Cases {
		for i := range c.Failures {
			all = append(all, c.Name+": "+c.Failures[i].String())
		}
	}
	return all
}

// verdicts reads what promtool says of each file. Versions differ in the words before a file's name.
func verdicts(t *testing.T, out string, names []string) map[string]bool {
	t.Helper()
	passed := map[string]bool{}
	name := ""
	for line := range strings.Lines(out) {
		if m := regexp.MustCompile(`^(?:Unit Testing:|Processing test file:)\s+(\S+)`).FindStringSubmatch(line); m != nil {
			name = m[1]
			passed[name] = false
		}
		if strings.TrimSpace(line) == "SUCCESS" {
			passed[name] = true
		}
	}
	require.Len(t, passed, len(names))
	return passed
}

// bend writes copies of a file, each with one thing changed, and returns their names.
func bend(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	var names []string
	for n := 0; ; n++ {
		var f promtoolFile
		require.NoError(t, yaml.Unmarshal(content, &f))
		bends := f.bends()
		if n == len(bends) {
			return names
		}
		bends[n]()
		text, err := yaml.Marshal(f)
		require.NoError(t, err)
		bent := strings.TrimSuffix(name, ".yml") + fmt.Sprintf("_%d.yml", n)
		require.NoError(t, os.WriteFile(bent, text, 0o600))
		names = append(names, bent)
	}
}

// promtoolFile has the parts of a file that are bent, and keeps the others.
type promtoolFile struct {
	Tests []*promtoolTest `yaml:"tests"`
	Rest  map[string]any  `yaml:",inline"`
}

type promtoolTest struct {
	InputSeries []*Series        `yaml:"input_series"`
	Alerts      []*promtoolAlert `yaml:"alert_rule_test,omitempty"`
	Expressions []*promtoolExpr  `yaml:"promql_expr_test,omitempty"`
	Rest        map[string]any   `yaml:",inline"`
}

type promtoolAlert struct {
	EvalTime  model.Duration   `yaml:"eval_time"`
	Alertname string           `yaml:"alertname"`
	Alerts    []*promtoolFired `yaml:"exp_alerts,omitempty"`
}

type promtoolFired struct {
	Labels      map[string]string `yaml:"exp_labels,omitempty"`
	Annotations map[string]string `yaml:"exp_annotations,omitempty"`
}

type promtoolExpr struct {
	Expr     string            `yaml:"expr"`
	EvalTime model.Duration    `yaml:"eval_time"`
	Samples  []*promtoolSample `yaml:"exp_samples,omitempty"`
}

type promtoolSample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

// bends returns the changes that can be made.
func (f *promtoolFile) bends() []func() {
	var all []func()
	for _, test := range f.Tests {
		for _, a := range test.Alerts {
			all = append(all, a.bends()...)
		}
		for _, e := range test.Expressions {
			all = append(all, e.bends()...)
		}
		for _, s := range test.InputSeries {
			all = append(all, func() { s.Values = "0x40" }, func() { s.Values = "_x40" }, func() { s.Values = "_ " + s.Values })
		}
	}
	return append(all, func() { f.Rest["evaluation_interval"] = "30s" }, func() { f.Rest["evaluation_interval"] = "2m" })
}

func (a *promtoolAlert) bends() []func() {
	minute := model.Duration(60e9)
	all := []func(){
		func() { a.EvalTime += minute },
		func() { a.EvalTime += minute / 2 },
		func() { a.Alerts = append(a.Alerts, &promtoolFired{Labels: map[string]string{"more": "yes"}}) },
	}
	for i, fired := range a.Alerts {
		all = append(all,
			func() { a.Alerts = append(a.Alerts[:i], a.Alerts[i+1:]...) },
			func() { fired.Labels["more"] = "yes" },
			func() { fired.Labels["alertname"] = "ignored" },
			func() { fired.Annotations["summary"] += "!" },
			func() { delete(fired.Annotations, "summary") },
		)
		for _, name := range slices.Sorted(maps.Keys(fired.Labels)) {
			all = append(all, func() { fired.Labels[name] += "x" })
		}
	}
	return all
}

func (e *promtoolExpr) bends() []func() {
	minute := model.Duration(60e9)
	all := []func(){
		func() { e.EvalTime += minute },
		func() { e.EvalTime += minute / 2 },
		func() { e.Expr = "sum(" + e.Expr + ")" },
		func() { e.Samples = append(e.Samples, &promtoolSample{"{more=\"yes\"}", 1}) },
	}
	for i, s := range e.Samples {
		all = append(all,
			func() { s.Value = s.Value*(1+1e-12) + 1e-300 },
			func() { s.Labels = `{more="yes"}` },
			func() { e.Samples = append(e.Samples[:i], e.Samples[i+1:]...) },
		)
	}
	return all
}
