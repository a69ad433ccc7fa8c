package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The worked example of docs/rules.md is what a reader gets who follows it: each file is written under the name that the text before
// it gives, each command is run, and says what the page says.
func TestTheWorkedExampleOfTheRulesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/rules.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(page), "## From nothing to a rule that acts\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "\n## ")
	t.Chdir(t.TempDir())
	commands := 0
	before := 0
	for _, m := range regexp.MustCompile("(?s)```(yaml|console)\n(.*?)```\n").FindAllStringSubmatchIndex(example, -1) {
		prose, kind, text := example[before:m[0]], example[m[2]:m[3]], example[m[4]:m[5]]
		before = m[1]
		if kind == "yaml" {
			names := regexp.MustCompile("`([a-z_]+\\.yml)`").FindAllStringSubmatch(prose, -1)
			require.NotEmpty(t, names, "the name of the file in: %s", prose)
			require.NoError(t, os.WriteFile(names[len(names)-1][1], []byte(text), 0o600))
			continue
		}
		for step := range strings.SplitSeq(strings.TrimPrefix(text, "$ "), "\n$ ") {
			command, want, _ := strings.Cut(step, "\n")
			var out, complaints bytes.Buffer
			run(words(command)[1:], &out, &complaints)
			require.Equal(t, strings.TrimSpace(want), strings.TrimSpace(out.String()), command)
			require.Empty(t, complaints.String(), command)
			commands++
		}
	}
	require.Equal(t, 5, commands)
}

// words takes a command apart as a shell does, as far as the page needs it.
func words(command string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(command, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}
