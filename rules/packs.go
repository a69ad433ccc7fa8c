package rules

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed packs/*.yml
var packFiles embed.FS

// packPrefix stands before the name of a shipped pack where a file is expected.
const packPrefix = "pack:"

// Packs returns the names of the shipped packs, sorted.
func Packs() []string {
	entries, err := fs.ReadDir(packFiles, "packs")
	if err != nil {
		return nil // the folder is embedded, so it is there
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yml"); ok && !strings.HasSuffix(name, "_test") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// LoadPack returns a shipped pack, with or without "pack:" before its name.
func LoadPack(name string) (*File, error) {
	name = strings.TrimPrefix(name, packPrefix)
	content, err := PackSource(name)
	if err != nil {
		return nil, err
	}
	return Parse(packPrefix+name, content)
}

// PackSource returns the text of a shipped pack.
func PackSource(name string) ([]byte, error) {
	content, err := packFiles.ReadFile("packs/" + name + ".yml")
	if err != nil {
		return nil, fmt.Errorf("there is no pack %q; shipped are %s", name, strings.Join(Packs(), ", "))
	}
	return content, nil
}
