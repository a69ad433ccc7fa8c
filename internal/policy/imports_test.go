package policy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryPackageKeepsToTheImportTable(t *testing.T) {
	for _, s := range sources(t) {
		path, _ := local(s.ImportPath)
		if path == "" {
			continue
		}
		p, ok := partOf(path)
		require.True(t, ok, "%s is in no row: add one to the table in table_test.go and to ARCHITECTURE.md", path)
		for _, imported := range s.Imports {
			require.NoError(t, p.allows(path, imported))
		}
		for _, imported := range slices.Concat(s.TestImports, s.XTestImports) {
			require.NoError(t, p.allowsInTests(path, imported))
		}
	}
}

// allows returns why production code of the part must not import the package, or nil.
func (p part) allows(path, imported string) error {
	for _, b := range bans() {
		if slices.Contains(b.parts, p.path) && matches(imported, b.packages) {
			return fmt.Errorf("%s must not import %s: %s", path, imported, b.why)
		}
	}
	if foreign(imported) {
		if !matches(imported, p.others) {
			return fmt.Errorf("%s must not import %s: %s", path, imported, p.why)
		}
		return nil
	}
	to, ours := local(imported)
	if !ours || to == p.path {
		return nil
	}
	target, _ := partOf(to)
	switch {
	case target.path == p.path:
		return nil
	case within(to, onlyForTests()) && !within(path, []string{"lab", "cmd/lab", "internal", "store/storetest"}):
		return fmt.Errorf("%s must not import %s: it is for tests and the lab", path, to)
	case !slices.Contains(p.ours, target.path) && !slices.Contains(p.ours, anything), target.row >= p.row:
		return fmt.Errorf("%s must not import %s: %s", path, to, p.why)
	}
	return nil
}

// allowsInTests is as allows, but tests may use helpers, every foreign package, and neighbours of their own tree.
func (p part) allowsInTests(path, imported string) error {
	to, ours := local(imported)
	if !ours || within(to, onlyForTests()) {
		return nil
	}
	target, _ := partOf(to)
	if target.path == p.path || slices.Contains(p.ours, anything) || slices.Contains(p.ours, target.path) || within(to, []string{p.path}) {
		return nil
	}
	for _, mine := range p.ours {
		if within(to, []string{mine}) {
			return nil
		}
	}
	return fmt.Errorf("tests of %s must not import %s: %s", path, to, p.why)
}

func TestTableItselfIsSound(t *testing.T) {
	all := map[string]part{}
	for _, p := range parts() {
		require.NotEmpty(t, p.why, p.path)
		require.NotContains(t, all, p.path, "one row for each part")
		all[p.path] = p
	}
	for _, p := range parts() {
		for _, o := range p.ours {
			if o != anything {
				require.Contains(t, all, o)
				require.Less(t, all[o].row, p.row, "%s imports %s, which is not in a row above it", p.path, o)
			}
		}
	}
	for _, b := range bans() {
		require.NotEmpty(t, b.why)
	}
	for _, b := range binaries() {
		for _, ban := range b.bans {
			require.NotEmpty(t, ban.why)
		}
	}
}

// The checks themselves must catch what they are there for.
func TestViolationsAreCaught(t *testing.T) {
	for _, c := range []struct {
		path, imported string
		ok             bool
	}{
		{"settings", "context", false},
		{"settings", "math/rand/v2", false},
		{"settings", "go.uber.org/zap", false},
		{"settings", "sync", true},
		{"settings/internal/generate", "os", true},
		{"tuner", module + "/settings", true},
		{"tuner", module + "/live", false},
		{"tuner", "math/rand", false},
		{"live", module + "/tuner", false},
		{"live", module + "/store", false},
		{"live", "go.uber.org/zap/zapcore", true},
		{"rules", "github.com/prometheus/prometheus/promql", false},
		{"rules", "github.com/prometheus/prometheus/promql/parser", true},
		{"rules", module + "/rules/ruletest", false},
		{"store", module + "/store/internal/record", true},
		{"store", "go.etcd.io/etcd/server/v3/embed", false},
		{"store/memory", module + "/store", true},
		{"sidecar", module + "/engine", false},
		{"sidecar", module + "/store", true},
		{"sidecar", module + "/store/memory", false},
		{"sidecar", module + "/internal/promserver", false},
		{"engine", module + "/store", false},
		{"engine", module + "/live", true},
		{"engine/hunt", module + "/live", false},
		{"lab", module + "/internal/kafkatest", true},
		{"lab", module + "/cmd/lab", false},
		{"cmd/veltrix", module + "/internal/kafkatest", false},
		{"cmd/lab", module + "/lab", true},
	} {
		p, ok := partOf(c.path)
		require.True(t, ok)
		err := p.allows(c.path, c.imported)
		require.Equal(t, c.ok, err == nil, "%s imports %s: %v", c.path, c.imported, err)
	}
}

func TestPureCodeHasNoClockAndNoGoroutine(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	for _, s := range sources(t) {
		path, _ := local(s.ImportPath)
		p, _ := partOf(path)
		for _, name := range s.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(s.Dir, name), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			if slices.Contains(clockless(), p.path) {
				require.Empty(t, uses(fset, file, "time", clock), "time comes in as an argument")
			}
			if slices.Contains(goroutineless(), p.path) {
				require.Empty(t, goStatements(fset, file), "a pure package starts no goroutine")
			}
		}
	}
}

// uses returns where the file names one of the identifiers of the package.
func uses(fset *token.FileSet, file *ast.File, pkg string, identifiers []string) []string {
	name := ""
	for _, i := range file.Imports {
		if path, _ := strconv.Unquote(i.Path.Value); path == pkg {
			name = pkg
			if i.Name != nil {
				name = i.Name.Name
			}
		}
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && name != "" && slices.Contains(identifiers, s.Sel.Name) {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name {
				found = append(found, fmt.Sprintf("%s: %s.%s", fset.Position(s.Pos()), pkg, s.Sel.Name))
			}
		}
		return true
	})
	return found
}

func goStatements(fset *token.FileSet, file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			found = append(found, fset.Position(g.Pos()).String())
		}
		return true
	})
	return found
}

func TestClockIsSeenUnderAnotherName(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", "package x\nimport t \"time\"\nvar now = t.Now\nfunc f() { go f() }", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"x.go:3:11: time.Now"}, uses(fset, file, "time", []string{"Now"}))
	require.Equal(t, []string{"x.go:4:12"}, goStatements(fset, file))
}
