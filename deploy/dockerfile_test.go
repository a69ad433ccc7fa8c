package deploy_test

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
)

// stage is one stage of the Dockerfile.
type stage struct {
	from, user          string
	entrypoint, command []string
	lines               []string
}

// stages reads the Dockerfile.
func stages(t *testing.T) map[string]stage {
	t.Helper()
	raw, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(raw), "\\\n", " ")
	all, name := map[string]stage{}, ""
	from := regexp.MustCompile(`^FROM (\S+) AS (\S+)$`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if m := from.FindStringSubmatch(line); m != nil {
			name = m[2]
			all[name] = stage{from: m[1]}
			continue
		}
		require.NotEmpty(t, name, "%s stands before the first stage", line)
		s := all[name]
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "ENTRYPOINT":
			require.NoError(t, json.Unmarshal([]byte(rest), &s.entrypoint))
		case "CMD":
			require.NoError(t, json.Unmarshal([]byte(rest), &s.command))
		case "USER":
			s.user = rest
		}
		s.lines = append(s.lines, line)
		all[name] = s
	}
	return all
}

// Images of ours run as nobody in particular, on a pinned base, and are started with a binary that was copied into them.
func TestImagesAreSmallAndNotRoot(t *testing.T) {
	all := stages(t)
	pinned := regexp.MustCompile(`:v?\d+\.\d+\.\d+`)
	for name, s := range all {
		if _, ours := all[s.from]; !ours {
			require.Regexp(t, pinned, s.from, name)
		}
		if s.from != "base" {
			continue
		}
		require.Equal(t, "65532:65532", s.user, name)
		require.Contains(t, strings.Join(s.lines, "\n"), "/"+filepath.Base(s.entrypoint[0]), "%s: what it starts is copied into it", name)
	}
	require.Contains(t, all["base"].from, "busybox")
}

// The build's own command makes binaries that need nothing of the image.
func TestTheBuildIsStatic(t *testing.T) {
	if os.Getenv(kafkatest.RequireReal) != "1" {
		t.Skip("skipped: it compiles everything anew; VELTRIX_REQUIRE_REAL=1 runs it")
	}
	lines := strings.Join(stages(t)["build"].lines, "\n")
	m := regexp.MustCompile(`CGO_ENABLED=0 go build (.*) -o /out/ (\S+)`).FindStringSubmatch(lines)
	require.NotNil(t, m, lines)
	out := t.TempDir()
	shell := "CGO_ENABLED=0 go build " + m[1] + " -o " + out + "/ " + m[2]
	cmd := exec.CommandContext(t.Context(), "sh", "-c", shell)
	cmd.Dir = ".."
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	for _, name := range []string{"veltrix", "veltrixctl", "hunt", "lab"} {
		f, err := elf.Open(filepath.Join(out, name))
		require.NoError(t, err)
		libraries, err := f.ImportedLibraries()
		require.NoError(t, err)
		require.Empty(t, libraries, name)
		for _, p := range f.Progs {
			require.NotEqual(t, elf.PT_INTERP, p.Type, "%s needs a loader", name)
		}
		require.NoError(t, f.Close())
		info, err := os.Stat(filepath.Join(out, name))
		require.NoError(t, err)
		t.Logf("%s: %.1f MB", name, float64(info.Size())/1e6)
	}
}
