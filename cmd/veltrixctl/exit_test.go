package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The exit code is 0 for fine, 1 for invalid, 2 for usage and 3 for a lint.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	good := file("good.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]")
	warned := file("warned.yml", "groups: [{name: g, rules: [{alert: A, expr: up}]}]")
	bad := file("bad.yml", "groups: [{name: g, rules: [{alert: A, expr: up ==}]}]")
	for _, c := range []struct {
		want int
		args []string
	}{
		{exitOK, []string{"check", good}},
		{exitOK, []string{"check", warned}},
		{exitLint, []string{"check", warned, "--fail-on", "warning"}},
		{exitFailed, []string{"check", bad}},
		{exitFailed, []string{"check", bad, warned, "--fail-on", "warning"}},
		{exitFailed, []string{"check", filepath.Join(dir, "missing.yml")}},
		{exitFailed, []string{"check", "pack:nonsense"}},
		{exitUsage, []string{"check"}},
		{exitUsage, []string{"check", good, "--fail-on", "never"}},
		{exitUsage, []string{"nonsense"}},
		{exitOK, []string{"help"}},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, c.want, run(c.args, &out, &errs), "%v: %s%s", c.args, out.String(), errs.String())
	}
}
