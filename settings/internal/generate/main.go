package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/veltrix/veltrix/settings"
)

// Paths of the generated files, relative to the package settings.
const (
	schemaFile   = "document.schema.json"
	markdownFile = "../docs/settings.md"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes all files; dir is the directory of the package settings.
func run(dir string) error {
	files, err := generate(settings.All(), settings.Relations())
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write what the table of settings says: %w", err)
		}
	}
	return nil
}

// generate returns the content of every generated file by its path.
func generate(rows []settings.Setting, relations []settings.Relation) (map[string][]byte, error) {
	schema, err := schema(rows, relations)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{schemaFile: schema, markdownFile: markdown(rows, relations)}, nil
}
