package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds a rule file; Prometheus's own largest shipped packs are a tenth of it.
const maxFileBytes = 4 << 20

// Parse reads a rule file. Everything that is wrong with it is reported at once, each as a [Problem] with its place; use
// [Problems] to take the error apart. Unknown keys are errors.
func Parse(name string, content []byte) (*File, error) {
	p := &fileParser{problems: problems{text: newText(name, content)}}
	if len(content) > maxFileBytes {
		p.at(span{1, 1, 1}, "the file has %d bytes, at most %d are read; split it", len(content), maxFileBytes)
		return nil, p.err()
	}
	f := &File{Name: name, text: p.text}
	if root := p.document(content); root != nil {
		p.mapping(root, fields{"groups": func(n *yaml.Node) { f.Groups = p.groups(n) }})
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// fileParser reads the nodes of one file.
type fileParser struct {
	problems
	visited int // values, aliases counted as often as they stand there
	merging int // merged mappings around the present one
	funcs   template.FuncMap
}

// document returns the root of the file's only document; nil if there is none, or if it can't be read.
func (p *fileParser) document(content []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var root yaml.Node
	err := dec.Decode(&root)
	if errors.Is(err, io.EOF) {
		return nil // Prometheus takes an empty file as one without groups
	}
	if err != nil {
		p.yamlError(err)
		return nil
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		p.at(span{max(1, second.Line), 1, 1}, "a second YAML document begins here, which Prometheus would pass over in silence; keep one in each file")
		return nil
	}
	if len(root.Content) == 0 || null(root.Content[0]) {
		return nil
	}
	return root.Content[0]
}

// yamlError reports an error of the YAML library, which has the line in its text.
func (p *fileParser) yamlError(err error) {
	line := 1
	if m := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error()); m != nil {
		_, _ = fmt.Sscan(m[1], &line) // digits, so it can't fail
	}
	text := p.line(line)
	first := len(text) - len(strings.TrimLeft(text, " \t")) + 1
	p.at(span{line, first, 1}, "this is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
}

// maxNodes bounds what aliases can blow a small file up to.
const maxNodes = 1 << 20

// resolve follows an alias to the value that it stands for.
func (p *fileParser) resolve(n *yaml.Node) *yaml.Node {
	if p.visited++; p.visited == maxNodes {
		p.node(n, "aliases make more than %d values of this file; write it without them", maxNodes)
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// null says whether the value is left out, which is the same as its default.
func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// fields are the known keys of a mapping, each with what to do with its value.
type fields map[string]func(*yaml.Node)

// mapping hands each value to its field, and reports unknown and repeated keys. A merged mapping (<<) gives the keys that
// the mapping itself doesn't have.
func (p *fileParser) mapping(n *yaml.Node, known fields) {
	names := slices.Sorted(maps.Keys(known))
	if n.Kind != yaml.MappingNode {
		p.node(n, "here must be a mapping of keys and values (%s)", strings.Join(names, ", "))
		return
	}
	seen := map[string]bool{}
	var merged []*yaml.Node
	p.pairs(n, func(key, value *yaml.Node) {
		read, ok := known[key.Value]
		switch {
		case key.ShortTag() == "!!merge":
			merged = append(merged, value)
		case !ok:
			p.node(key, "unknown key %q; %s", key.Value, Suggest(key.Value, names))
		case seen[key.Value]:
			p.node(key, "key %q stands here twice; keep one", key.Value)
		case !null(value):
			read(value)
		}
		seen[key.Value] = true
	})
	for _, m := range merged {
		rest := maps.Clone(known)
		maps.DeleteFunc(rest, func(name string, _ func(*yaml.Node)) bool { return seen[name] })
		p.merge(m, known, rest)
	}
}

// maxMerges bounds how deep merged mappings nest; an alias can stand within what it stands for.
const maxMerges = 10

// merge reads the keys of a merged mapping, or of a list of them, that are not there already.
func (p *fileParser) merge(n *yaml.Node, known, rest fields) {
	if p.merging >= maxMerges {
		p.node(n, "merged mappings nest deeper than %d; write the keys out", maxMerges)
		return
	}
	p.merging++
	defer func() { p.merging-- }()
	if n.Kind == yaml.SequenceNode {
		p.list(n, func(e *yaml.Node) { p.merge(e, known, rest) })
		return
	}
	quiet := fields{}
	for name := range known {
		quiet[name] = func(*yaml.Node) {}
		if read, ok := rest[name]; ok {
			quiet[name] = func(v *yaml.Node) {
				delete(rest, name)
				read(v)
			}
		}
	}
	p.mapping(n, quiet)
}

// pairs calls f for each key and value of a mapping.
func (p *fileParser) pairs(n *yaml.Node, f func(key, value *yaml.Node)) {
	for i := 0; i+1 < len(n.Content) && p.visited < maxNodes; i += 2 {
		f(n.Content[i], p.resolve(n.Content[i+1]))
	}
}

// list calls read for each element.
func (p *fileParser) list(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.node(n, "here must be a list")
		return
	}
	for _, e := range n.Content {
		if p.visited < maxNodes {
			read(p.resolve(e))
		}
	}
}
