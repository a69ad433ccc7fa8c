package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"veltrixctl": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// Each script is input files, a command and its exact output.
func TestScripts(t *testing.T) {
	decisions, err := filepath.Abs("testdata/decisions.jsonl")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: os.Getenv("UPDATE_SCRIPTS") == "1",
		Setup: func(env *testscript.Env) error {
			env.Setenv("DECISIONS", decisions)
			return nil
		},
	})
}

// The scripts of testdata/etcd run on an application of an etcd of their own: see application. Their command `shows FILE` compares
// the output as cmp does, after times, durations and decisions' ids were replaced by what they are.
func TestScriptsWithEtcd(t *testing.T) {
	scripts, err := filepath.Glob("testdata/etcd/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			endpoint := application(t)
			testscript.Run(t, testscript.Params{
				Files: []string{script},
				Setup: func(env *testscript.Env) error {
					env.Setenv("ETCD", endpoint)
					return nil
				},
				Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"shows": shows},
			})
		})
	}
}

func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("write: shows FILE")
	}
	got := ts.ReadFile("stdout")
	for _, r := range []struct{ pattern, word string }{
		{`\d{4}-\d\d-\d\dT[0-9:.]+Z`, "TIME"}, {`\b[0-9A-HJKMNP-TV-Z]{26}\b`, "ID"}, {`\b\d+(\.\d+)?(µs|ms|s|m\d+s)\b`, "DURATION"},
	} {
		got = regexp.MustCompile(r.pattern).ReplaceAllString(got, r.word)
	}
	got = regexp.MustCompile(`(?m) +$`).ReplaceAllString(got, "")
	if os.Getenv("UPDATE_SCRIPTS") == "1" {
		ts.Check(update(filepath.Join("testdata", "etcd", ts.Name()+".txt"), args[0], got))
		return
	}
	if want := ts.ReadFile(args[0]); strings.TrimSpace(got) != strings.TrimSpace(want) {
		ts.Fatalf("shows\n%s\nwanted in %s\n%s", got, args[0], want)
	}
}

// update writes a file of a script anew.
func update(script, name, content string) error {
	archive, err := txtar.ParseFile(script)
	if err != nil {
		return err
	}
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			archive.Files[i].Data = []byte(content)
		}
	}
	return os.WriteFile(script, txtar.Format(archive), 0o600)
}
