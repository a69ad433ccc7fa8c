package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// docs/lints.md has a paragraph for each lint of the code, and for no other. Its severity is the code's, its example is found
// by the lint, and the comment that it describes silences it.
func TestEachLintIsDocumented(t *testing.T) {
	severities := lintsOfTheCode(t)
	page, err := os.ReadFile("../docs/lints.md")
	require.NoError(t, err)
	sections := regexp.MustCompile("(?m)^## `(.+)`$").FindAllStringSubmatchIndex(string(page), -1)
	var documented []string
	for i, s := range sections {
		end := len(page)
		if i+1 < len(sections) {
			end = sections[i+1][0]
		}
		id, text := string(page[s[2]:s[3]]), string(page[s[1]:end])
		documented = append(documented, id)
		t.Run(id, func(t *testing.T) {
			require.True(t, strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), string(severities[id])+"."), "the severity is %s", severities[id])
			example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(text)
			require.NotNil(t, example, "there is an example")
			require.Contains(t, found(t, example[1]), id)
			if id == "lint/no-reason" {
				return
			}
			require.Contains(t, text, "# lint:ignore "+id)
			require.NotContains(t, found(t, silenced(example[1], id)), id)
		})
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(severities)), documented)

	language, err := os.ReadFile("../docs/rules.md")
	require.NoError(t, err)
	for id := range severities {
		require.Contains(t, string(language), "`"+id+"`", "the table in docs/rules.md")
	}
}

// silenced puts the comment above the last rule, which is the one that is complained about.
func silenced(example, id string) string {
	at := strings.LastIndex("\n"+example, "\n- alert")
	return example[:at] + "# lint:ignore " + id + " we know better\n" + example[at:]
}

// found returns the names of the lints that complain about the rules.
func found(t *testing.T, text string) []string {
	t.Helper()
	f, err := rules.Parse("t.yml", []byte("groups:\n- name: g\n  rules:\n"+regexp.MustCompile("(?m)^").ReplaceAllString(text, "  ")))
	require.NoError(t, err)
	var ids []string
	for _, p := range rules.Lint([]*rules.File{f}) {
		ids = append(ids, p.ID)
	}
	return ids
}

// lintsOfTheCode reads the names and severities of all lints from the calls that complain.
func lintsOfTheCode(t *testing.T) map[string]rules.Severity {
	t.Helper()
	files, err := filepath.Glob("lint*.go")
	require.NoError(t, err)
	all := map[string]rules.Severity{}
	words := map[string]rules.Severity{"Error": rules.Error, "Warning": rules.Warning}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if method, ok := call.Fun.(*ast.SelectorExpr); !ok || method.Sel.Name != "complain" {
				return true
			}
			severity, ok := call.Args[0].(*ast.Ident)
			require.True(t, ok, "%s: the severity stands where it is complained", name)
			literal, ok := call.Args[1].(*ast.BasicLit)
			require.True(t, ok, "%s: the name stands where it is complained", name)
			id, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			all[id] = words[severity.Name]
			return true
		})
	}
	require.Greater(t, len(all), 10)
	return all
}
