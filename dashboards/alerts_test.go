package dashboards_test

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/dashboards"
	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/internal/promserver"
)

const alertFile = "alerts/veltrix.yml"

func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(alertFile, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	require.Empty(t, errs)
	require.Len(t, groups.Groups, 1)
	return groups.Groups[0].Rules
}

// Each alert has a page that says what to look at, and asks for metrics and labels that are exported.
func TestAlertsLeadToAPage(t *testing.T) {
	all := exported(t)
	for _, a := range alerts(t) {
		require.True(t, strings.HasPrefix(a.Alert, "Veltrix"), a.Alert)
		require.Contains(t, []string{"info", "warning", "critical"}, a.Labels["severity"], a.Alert)
		for _, k := range []string{"summary", "description"} {
			require.NotEmpty(t, a.Annotations[k], a.Alert)
		}
		require.Equal(t, dashboards.Docs+"runbooks/"+a.Alert+".md", a.Annotations["runbook_url"])
		page, err := os.ReadFile(filepath.Join("..", "docs", "runbooks", a.Alert+".md"))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(page), "# "+a.Alert+": "), a.Alert)
		for _, head := range []string{"**What it sees.**", "**What the loop does.**", "**What to look at.**", "**When to switch it off.**"} {
			require.Contains(t, string(page), head, a.Alert)
		}
		for _, v := range selectors(parsed(t, a.Expr)) {
			known, ok := lookup(all, v.Name)
			require.True(t, ok, "%s: nothing exports %s", a.Alert, v.Name)
			for _, m := range v.LabelMatchers {
				require.Contains(t, append(known, "__name__"), m.Name, a.Alert)
			}
		}
	}
}

// Each alert has a unit test in which it fires and one in which it doesn't.
func TestEveryAlertIsTested(t *testing.T) {
	raw, err := os.ReadFile("alerts/veltrix_test.yml")
	require.NoError(t, err)
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &file))
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, a := range test.Alerts {
			fires[a.Name] = fires[a.Name] || len(a.Want) > 0
			quiet[a.Name] = quiet[a.Name] || len(a.Want) == 0
		}
	}
	for _, a := range alerts(t) {
		require.True(t, fires[a.Alert], "%s fires in no test", a.Alert)
		require.True(t, quiet[a.Alert], "%s is quiet in no test", a.Alert)
	}
}

// promtool runs them.
func TestPromtoolAgrees(t *testing.T) {
	kafkatest.Need(t, promserver.Available())
	for _, args := range [][]string{{"check", "rules", "veltrix.yml"}, {"test", "rules", "veltrix_test.yml"}} {
		cmd := exec.CommandContext(t.Context(), "promtool", args...)
		cmd.Dir = "alerts"
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// D8: provisioning finds the dashboards and gives them a data source.
func TestProvisioningIsComplete(t *testing.T) {
	var providers struct {
		Version   int `yaml:"apiVersion"`
		Providers []struct {
			Name, Type      string
			OrgID           int  `yaml:"orgId"`
			DisableDeletion bool `yaml:"disableDeletion"`
			AllowUIUpdates  bool `yaml:"allowUiUpdates"`
			Interval        int  `yaml:"updateIntervalSeconds"`
			Options         struct {
				Path    string
				Folders bool `yaml:"foldersFromFilesStructure"`
			}
		}
	}
	strictYAML(t, "provisioning/dashboards/veltrix.yml", &providers)
	require.Len(t, providers.Providers, 1)
	p := providers.Providers[0]
	require.Equal(t, "file", p.Type)
	require.True(t, p.Options.Folders)
	require.False(t, p.AllowUIUpdates || p.DisableDeletion)
	require.Equal(t, 30, p.Interval)

	var sources struct {
		Version     int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool              `yaml:"isDefault"`
			Editable                     bool              `yaml:"editable"`
			JSONData                     map[string]string `yaml:"jsonData"`
		}
	}
	strictYAML(t, "provisioning/datasources/veltrix.yml", &sources)
	require.Len(t, sources.Datasources, 1)
	require.Equal(t, "prometheus", sources.Datasources[0].Type)
	require.NotEmpty(t, sources.Datasources[0].JSONData["timeInterval"], "$__rate_interval is made of it")
}

func strictYAML(t *testing.T, file string, into any) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	dec := yaml.NewDecoder(f)
	dec.KnownFields(true)
	require.NoError(t, dec.Decode(into))
}
