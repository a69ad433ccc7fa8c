package rules_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// The first rule that a reader sees is one that check has nothing to say about.
func TestTheReadmesRuleIsClean(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, example)
	f, err := rules.Parse("README.md", example[1])
	require.NoError(t, err)
	require.Empty(t, rules.Lint([]*rules.File{f}))
}
