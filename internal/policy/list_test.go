package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is one package of the module as `go list` tells it.
type source struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// list runs `go list` in the module's root.
func list(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, complaints.String())
	return out
}

// sources returns all packages of the module.
func sources(t *testing.T) []source {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(list(t, "-e", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")))
	var all []source
	for {
		var s source
		err := dec.Decode(&s)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all = append(all, s)
	}
	require.NotEmpty(t, all)
	noticeNewFiles(t)
	return all
}

// noticeNewFiles opens every folder of the module, so that `go test` doesn't answer from its cache after a file was
// added: it looks at what this process opens, not at what `go list` opens.
func noticeNewFiles(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("../..", func(_ string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			return nil
		case err == nil && d.IsDir() && d.Name() == ".git":
			return filepath.SkipDir
		}
		return err
	}))
}

// local returns the path of one of our packages below the module, and false for a foreign one.
func local(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// foreign says whether path belongs neither to us nor to the standard library.
func foreign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	_, ours := local(path)
	return strings.Contains(first, ".") && !ours
}

// matches says whether one of the patterns stands for path.
func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		parent, below := strings.CutSuffix(pattern, "/...")
		return pattern == anything || path == parent || below && strings.HasPrefix(path, parent+"/")
	})
}

// within says whether the local path is one of the parts or lies below one.
func within(path string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return matches(path, []string{p + "/..."}) })
}

// partOf returns the part that a local path belongs to.
func partOf(path string) (part, bool) {
	var found part
	for _, p := range parts() {
		if matches(path, []string{p.path + "/..."}) && len(p.path) > len(found.path) {
			found = p
		}
	}
	return found, found.path != ""
}
