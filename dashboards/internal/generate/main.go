// Command generate writes the dashboards as JSON. `go generate ./dashboards` runs it; a test fails when a file is stale.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/veltrix/veltrix/dashboards"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes all files; dir is the directory of the package dashboards.
func run(dir string) error {
	all, err := dashboards.All()
	if err != nil {
		return err
	}
	for name, d := range all {
		content, err := dashboards.Encode(d)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, dashboards.Folder, name+".json")
		if err := os.WriteFile(file, content, 0o644); err != nil { //nolint:gosec // made to be read by everybody
			return fmt.Errorf("write a dashboard: %w", err)
		}
	}
	return nil
}
