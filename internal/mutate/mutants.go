package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one small wrong change: the text between two offsets of a file is replaced.
type mutant struct {
	file       string // absolute
	line       int
	what       string
	begin, end int
	text       string
}

// String names the mutant as an editor can open it.
func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s", filepath.Base(m.file), m.line, m.what)
}

// mutantsOf lists every mutant of the directory's Go files without its tests: each condition inverted, each guard (a
// condition whose body leaves) deleted, each comparison moved by its edge.
func mutantsOf(dir string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var all []mutant
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		of, err := mutantsIn(file)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

func mutantsIn(file string) ([]mutant, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", file, err)
	}
	source, err := os.ReadFile(absolute)
	if err != nil {
		return nil, fmt.Errorf("read a file to mutate: %w", err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, absolute, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse a file to mutate: %w", err)
	}
	f := mutating{file: absolute, source: source, set: set}
	ast.Inspect(parsed, f.visit)
	return f.found, nil
}

type mutating struct {
	file   string
	source []byte
	set    *token.FileSet
	found  []mutant
}

func (f *mutating) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		f.condition(n.Cond, leaves(n.Body.List))
	case *ast.CaseClause:
		for _, e := range n.List {
			if isCondition(e) {
				f.condition(e, leaves(n.Body))
			}
		}
	case *ast.BinaryExpr:
		f.edge(n)
	}
	return true
}

func (f *mutating) condition(cond ast.Expr, guard bool) {
	text := f.text(cond)
	f.add(cond, "inverted: "+text, "!("+text+")")
	if guard {
		f.add(cond, "deleted: "+text, "false && ("+text+")")
	}
}

// edge replaces a comparison by the one that differs where both sides are equal.
func (f *mutating) edge(n *ast.BinaryExpr) {
	other := map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}[n.Op]
	if other == "" {
		return
	}
	begin := f.set.Position(n.OpPos).Offset
	f.found = append(f.found, mutant{
		file: f.file, line: f.set.Position(n.OpPos).Line, what: "edge: " + f.text(n),
		begin: begin, end: begin + len(n.Op.String()), text: other,
	})
}

func (f *mutating) add(n ast.Node, what, text string) {
	f.found = append(f.found, mutant{
		file: f.file, line: f.set.Position(n.Pos()).Line, what: what,
		begin: f.set.Position(n.Pos()).Offset, end: f.set.Position(n.End()).Offset, text: text,
	})
}

func (f *mutating) text(n ast.Node) string {
	return string(f.source[f.set.Position(n.Pos()).Offset:f.set.Position(n.End()).Offset])
}

// leaves says whether the statements end by leaving the function or the loop.
func leaves(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	switch body[len(body)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

// isCondition leaves out the values and types that a switch compares with: they are no conditions.
func isCondition(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return slices.Contains([]token.Token{
			token.LAND, token.LOR, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ,
		}, e.Op)
	case *ast.UnaryExpr:
		return e.Op == token.NOT
	case *ast.CallExpr:
		return true
	}
	return false
}
