package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// step is one block of commands of the tutorial, and what the page shows of their output.
type step struct {
	commands []string
	// shows are lines that must come, in this order; … stands for anything.
	shows []string
}

// steps reads the tutorial: each block marked sh, with the block marked text that follows it at once.
func steps(s *stack) []step {
	s.t.Helper()
	raw, err := os.ReadFile("../docs/tutorial.md")
	require.NoError(s.t, err)
	blocks := regexp.MustCompile("(?ms)^```(sh|text|yaml)\n(.*?)^```$").FindAllStringSubmatchIndex(string(raw), -1)
	var all []step
	end := 0
	for _, b := range blocks {
		kind, body := string(raw[b[2]:b[3]]), string(raw[b[4]:b[5]])
		switch kind {
		case "sh":
			all = append(all, step{commands: strings.Split(strings.TrimSpace(strings.ReplaceAll(body, "\\\n", "")), "\n")})
		case "text":
			require.Empty(s.t, strings.TrimSpace(string(raw[end:b[0]])), "an output stands right behind its command")
			all[len(all)-1].shows = strings.Split(strings.TrimSpace(body), "\n")
		}
		end = b[1]
	}
	require.NotEmpty(s.t, all)
	return all
}

// tutorial does what the page says, as a newcomer would. What speaks to containers speaks to the processes of this stack.
func tutorial(s *stack) {
	s.t.Helper()
	for _, step := range steps(s) {
		for _, c := range step.commands {
			s.t.Log("$ " + c)
			s.types(c, step.shows)
		}
	}
}

// types runs one command. If the page shows its output, the command is repeated until that comes: a newcomer is told to wait.
func (s *stack) types(command string, shows []string) {
	s.t.Helper()
	var out string
	var err error
	for give := time.Now().Add(patience); ; time.Sleep(time.Second) {
		if out, err = s.typed(command); err == nil && matches(out, shows) {
			s.t.Log(out)
			return
		}
		if len(shows) == 0 || time.Now().After(give) {
			break
		}
	}
	require.NoError(s.t, err, "%s\n%s", command, out)
	require.True(s.t, matches(out, shows), "%s shows\n%s\nand not, in this order,\n%s", command, out, strings.Join(shows, "\n"))
}

// matches says whether the lines come in the output, in their order.
func matches(out string, lines []string) bool {
	var b strings.Builder
	b.WriteString("(?s)")
	for _, l := range lines {
		parts := strings.Split(strings.TrimSpace(l), "…")
		for i, p := range parts {
			parts[i] = strings.ReplaceAll(regexp.QuoteMeta(strings.Join(strings.Fields(p), " ")), " ", `\s+`)
		}
		b.WriteString(strings.Join(parts, `[^\n]*?`) + ".*?")
	}
	return regexp.MustCompile(b.String()).MatchString(out)
}

// typed runs one command and returns its output.
func (s *stack) typed(command string) (string, error) {
	const compose = "docker compose "
	switch {
	case command == compose+"up -d --build", strings.HasPrefix(command, compose+"down"):
		return "", nil // the stack is up, and goes down with the test
	case strings.HasPrefix(command, compose+"--profile load up"):
		s.start("load", s.command("load", s.argv("load")...))
		return "", nil
	case strings.HasPrefix(command, compose+"run --rm ctl "):
		script := "exec sh " + s.mounted("ctl", "/setup/ctl.sh") + strings.TrimPrefix(command, compose+"run --rm ctl")
		out, err := s.command("ctl", "sh", "-c", script).CombinedOutput()
		return string(out), err
	}
	require.NotContains(s.t, command, "docker", "the test doesn't know this command")
	cmd := exec.CommandContext(s.t.Context(), "sh", "-c", s.published(command))
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	s.shareRules()
	return string(out), err
}

// published puts this stack's addresses and files in the place of those that the page speaks of.
func (s *stack) published(command string) string {
	for _, service := range s.project.Services {
		for _, p := range service.Ports {
			command = strings.ReplaceAll(command, "localhost:"+p.Published, s.address(service.Name, strconv.Itoa(int(p.Target))))
		}
	}
	return strings.ReplaceAll(command, "deploy/compose/rules/", s.mounted("veltrix-1", "/etc/veltrix/rules")+"/")
}

// shareRules gives the second sidecar the first one's rules: in the real stack they are the same files.
func (s *stack) shareRules() {
	s.t.Helper()
	from := s.mounted("veltrix-1", "/etc/veltrix/rules")
	files, err := os.ReadDir(from)
	require.NoError(s.t, err)
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(from, f.Name()))
		require.NoError(s.t, err)
		require.NoError(s.t, os.WriteFile(filepath.Join(s.mounted("veltrix-2", "/etc/veltrix/rules"), f.Name()), raw, 0o600))
	}
}
