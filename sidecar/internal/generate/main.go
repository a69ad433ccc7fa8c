// Command generate writes docs/configuration.md from the structs of the sidecar's configuration and the comments beside
// their fields. `go generate ./sidecar` runs it; a test fails when the page is stale.
package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// page is the generated file, relative to the package sidecar.
const page = "../docs/configuration.md"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes the page; dir is the directory of the package sidecar.
func run(dir string) error {
	text, err := generate(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, page), []byte(text), 0o644); err != nil { //nolint:gosec // documentation
		return fmt.Errorf("write the page of the configuration: %w", err)
	}
	return nil
}

// generate returns the page.
func generate(dir string) (string, error) {
	structs, err := structsOf(filepath.Join(dir, "config.go"))
	if err != nil {
		return "", err
	}
	limits, err := structsOf(filepath.Join(dir, "..", "tuner", "config.go"))
	if err != nil {
		return "", err
	}
	explain(structs["Limits"], limits["Config"])
	return write(structs)
}

// section is one struct of the configuration.
type section struct {
	about  string
	fields []field
}

// field is one key.
type field struct {
	name, key, kind, about string
	inline                 bool
}

// structsOf reads the structs of a file with their comments.
func structsOf(file string) (map[string]*section, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the configuration's structs: %w", err)
	}
	pkg, err := doc.NewFromFiles(fset, []*ast.File{parsed}, "example.com/x")
	if err != nil {
		return nil, fmt.Errorf("read the configuration's structs: %w", err)
	}
	all := map[string]*section{}
	for _, t := range pkg.Types {
		for _, spec := range t.Decl.Specs {
			if s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType); ok {
				about := strings.TrimPrefix(oneLine(t.Doc), t.Name+" ")
				about = strings.TrimPrefix(strings.TrimPrefix(about, "is "), "are ")
				all[t.Name] = &section{about: strings.ToUpper(about[:1]) + about[1:], fields: fieldsOf(s)}
			}
		}
	}
	return all, nil
}

func fieldsOf(s *ast.StructType) []field {
	var fields []field
	about := ""
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 || !f.Names[0].IsExported() {
			continue
		}
		if text := oneLine(f.Doc.Text()); text != "" {
			about = text // a comment may be for the fields behind it, too
		}
		for _, name := range f.Names {
			key, options := "", ""
			if f.Tag != nil {
				tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
				key, options, _ = strings.Cut(tag.Get("yaml"), ",")
			}
			fields = append(fields, field{name: name.Name, key: key, kind: kind(f.Type), about: about, inline: options == "inline"})
		}
	}
	return fields
}

// explain takes the comments of fields from the struct that they are copied to.
func explain(s, from *section) {
	for i := range s.fields {
		for _, f := range from.fields {
			if f.name == s.fields[i].name {
				s.fields[i].about = f.about
			}
		}
	}
}

// kind names a type as somebody who writes YAML would.
func kind(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return kind(t.X)
	case *ast.ArrayType:
		return "list of " + kind(t.Elt)
	case *ast.SelectorExpr:
		return named(t.Sel.Name)
	case *ast.Ident:
		return named(t.Name)
	}
	return ""
}

func named(goName string) string {
	switch goName {
	case "string":
		return "text"
	case "int", "float64":
		return "number"
	case "Mode", "Goal":
		return "word"
	case "Duration":
		return "duration"
	case "Bounds":
		return "bounds by setting"
	case "Values":
		return "values by setting"
	}
	return goName
}

// oneLine joins a comment's lines, and writes the words of constants in place of their names.
func oneLine(text string) string {
	text = strings.NewReplacer("[BlindHold]", "hold", "[BlindRevert]", "revert").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}
