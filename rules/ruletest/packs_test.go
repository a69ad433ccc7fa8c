package ruletest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// Every shipped pack has tests, they pass, and they have seen every transition of every rule.
func TestThePacks(t *testing.T) {
	for _, pack := range rules.Packs() {
		t.Run(pack, func(t *testing.T) {
			file, err := Load(filepath.Join("..", "packs", pack+"_test.yml"))
			require.NoError(t, err)
			report, err := file.Run(t.Context(), Options{})
			require.NoError(t, err)
			for _, c := range report.Cases {
				for i := range c.Failures {
					t.Error(c.Name + ": " + c.Failures[i].String())
				}
			}
			loaded, err := rules.LoadPack(pack)
			require.NoError(t, err)
			want := 0
			for _, g := range loaded.Groups {
				for i := range g.Rules {
					if g.Rules[i].Tunes() {
						want++
					}
				}
			}
			require.Len(t, report.Coverage, want)
			for _, c := range report.Coverage {
				require.Empty(t, c.Missing, c.Rule)
			}
		})
	}
}

// Every rule that tunes has a runbook, and says where it is.
func TestEveryRuleHasARunbook(t *testing.T) {
	for _, pack := range rules.Packs() {
		loaded, err := rules.LoadPack(pack)
		require.NoError(t, err)
		for _, g := range loaded.Groups {
			for i := range g.Rules {
				name := g.Rules[i].Name()
				page, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbooks", name+".md"))
				require.NoError(t, err)
				require.Contains(t, string(page), "# "+name+": ")
				require.Equal(t, "https://github.com/veltrix/veltrix/blob/main/docs/runbooks/"+name+".md", g.Rules[i].Annotations["runbook_url"])
			}
		}
	}
}
