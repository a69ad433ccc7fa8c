package sidecar

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/veltrix/veltrix/rules"
)

// ruleset is the loaded rules and what is known of their files.
type ruleset struct {
	set  *rules.Set
	hash string
	// longest is how far back any expression looks, the configuration's own included.
	longest time.Duration
	// good are the files by name as they were last read without an error.
	good map[string]*rules.File
	// failed says by file what is wrong with its present text; the last good one is in use, if there was one.
	failed map[string]error
}

// loadRules reads the rule files. Without former rules every error is fatal; with them a bad file keeps its last good
// version and is noted in failed. A pattern that matches nothing is an error: the rules that it was to name would be missing.
func (c *Config) loadRules(former *ruleset) (*ruleset, error) {
	selector, err := rules.ParseSelector(c.Selector)
	if err != nil {
		return nil, err
	}
	r := &ruleset{good: map[string]*rules.File{}, failed: map[string]error{}}
	var sources []rules.Source
	sum := sha256.New()
	for _, entry := range c.RuleFiles {
		names, err := c.files(entry)
		if err != nil {
			r.failed[entry.Pack+entry.File] = err
			continue
		}
		for _, name := range names {
			file, content, err := readRules(entry, name)
			if err != nil {
				r.failed[name] = err
				if former == nil || former.good[name] == nil {
					continue
				}
				file = former.good[name]
			}
			r.good[name] = file
			fmt.Fprintf(sum, "%s %s %d\n", name, entry.Range, len(content))
			sum.Write(content)
			sources = append(sources, rules.Source{File: file, Range: time.Duration(entry.Range)})
		}
	}
	if former == nil && len(r.failed) > 0 {
		return nil, r.err()
	}
	r.hash = hex.EncodeToString(sum.Sum(nil))
	r.set, err = rules.NewSet(sources, rules.SetOptions{Selector: selector, Interval: time.Duration(c.Interval)})
	if err != nil {
		return nil, err
	}
	r.longest = c.longestRange(r.set)
	return r, nil
}

func (r *ruleset) err() error {
	var errs []error
	for _, name := range sortedKeys(r.failed) {
		errs = append(errs, fmt.Errorf("rule_files: %w", r.failed[name]))
	}
	return errors.Join(errs...)
}

// files returns what an entry names: a pack's name, or the sorted paths of a pattern.
func (c *Config) files(entry RuleFile) ([]string, error) {
	if entry.Pack != "" {
		return []string{"pack:" + entry.Pack}, nil
	}
	pattern := entry.File
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(c.dir, pattern)
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", entry.File, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%q matches no file; correct the path or remove the entry", entry.File)
	}
	slices.Sort(found)
	return found, nil
}

func readRules(entry RuleFile, name string) (*rules.File, []byte, error) {
	if entry.Pack != "" {
		content, err := rules.PackSource(entry.Pack)
		if err != nil {
			return nil, nil, err
		}
		file, err := rules.LoadPack(entry.Pack)
		return file, content, err
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	file, err := rules.Parse(name, content)
	return file, content, err
}
