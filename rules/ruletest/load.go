package ruletest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/veltrix/veltrix/rules"
)

// source is a rule file under test.
type source struct {
	name    string
	content []byte
	file    *rules.File
}

// subject is the rules under test: as the sidecar evaluates them, and as Prometheus does.
type subject struct {
	sources []source
	set     *rules.Set
}

// newParser accepts what any Prometheus may have switched on.
func newParser() parser.Parser {
	return parser.NewParser(parser.Options{EnableExperimentalFunctions: true, EnableBinopFillModifiers: true})
}

// subject loads the rules under test.
func (f *File) subject() (*subject, error) {
	s := &subject{}
	for _, entry := range f.RuleFiles {
		found, err := f.load(entry)
		if err != nil {
			return nil, err
		}
		s.sources = append(s.sources, found...)
	}
	selector, err := rules.ParseSelector(f.Selector)
	if err != nil {
		return nil, err
	}
	var all []rules.Source
	for _, one := range s.sources {
		all = append(all, rules.Source{File: one.file, Range: time.Duration(f.Range)})
	}
	s.set, err = rules.NewSet(all, rules.SetOptions{Selector: selector, Interval: time.Duration(f.EvaluationInterval)})
	return s, err
}

// load reads a pack, or the files of a pattern beside the test file.
func (f *File) load(entry string) ([]source, error) {
	if pack, ok := strings.CutPrefix(entry, "pack:"); ok {
		content, err := rules.PackSource(pack)
		if err != nil {
			return nil, err
		}
		one, err := parse(entry, content)
		return []source{one}, err
	}
	pattern := entry
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(f.name), pattern)
	}
	names, err := filepath.Glob(pattern)
	if err == nil && len(names) == 0 {
		err = errors.New("paths begin at the test file's folder")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: rule_files: %q matches no file; %w", f.name, entry, err)
	}
	var all []source
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the rules: %w", err)
		}
		one, err := parse(name, content)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func parse(name string, content []byte) (source, error) {
	file, err := rules.Parse(name, content)
	return source{name, content, file}, err
}

// eachRule calls do with every rule, in the order of files and groups.
func (s *subject) eachRule(do func(*rules.Rule)) {
	for _, one := range s.sources {
		for i := range one.file.Groups {
			for j := range one.file.Groups[i].Rules {
				do(&one.file.Groups[i].Rules[j])
			}
		}
	}
}

// alerts returns the names of all alerts, tuning rules among them.
func (s *subject) alerts() []string {
	var names []string
	s.eachRule(func(r *rules.Rule) {
		if r.Alert != "" {
			names = append(names, r.Alert)
		}
	})
	return names
}

// recorded returns what the recording rules write.
func (s *subject) recorded() map[string]bool {
	names := map[string]bool{}
	s.eachRule(func(r *rules.Rule) {
		if r.Record != "" {
			names[r.Record] = true
		}
	})
	return names
}
