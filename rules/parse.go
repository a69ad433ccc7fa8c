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

	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds a rule file; Prometheus's own largest shipped packs are a tenth of it.
const maxFileBytes = 4 << 20

// Parse reads a rule file. Everything that is wrong with it is reported at once, each as a [Problem] with its place; use
// [Problems] to take the error apart. Unknown keys are errors.
func Parse(name string, content []byte) (*File, error) {
	p := &fileParser{problems: newProblems(name, content)}
	if len(content) > maxFileBytes {
		p.at(1, 1, "the file has %d bytes, at most %d are read; split it", len(content), maxFileBytes)
		return nil, p.err()
	}
	root, ok := p.document(content)
	if !ok {
		return nil, p.err()
	}
	f := &File{Name: name}
	p.mapping(root, fields{"groups": func(n *yaml.Node) { f.Groups = p.groups(n) }})
	if err := p.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// fileParser reads the nodes of one file.
type fileParser struct{ *problems }

// document returns the root of the file's only document; false if there is nothing to go on with.
func (p *fileParser) document(content []byte) (*yaml.Node, bool) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var root yaml.Node
	if err := dec.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			p.at(1, 1, "the file is empty; it must have a list of groups: groups: [{name: …, rules: […]}]")
			return nil, false
		}
		p.yamlError(err)
		return nil, false
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		p.at(max(1, second.Line), 1, "a second YAML document begins here; keep one in each file")
		return nil, false
	}
	if refused := p.refuseAliases(&root); refused {
		return nil, false
	}
	return root.Content[0], true
}

// yamlError reports an error of the YAML library, which has the line in its text.
func (p *fileParser) yamlError(err error) {
	line := 1
	if m := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error()); m != nil {
		_, _ = fmt.Sscan(m[1], &line) // digits, so it can't fail
	}
	p.at(line, 1, "this is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
}

// refuseAliases refuses anchors and aliases: a place in the file would not be the place of what is meant.
func (p *fileParser) refuseAliases(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		p.node(n, "anchors and aliases are not read here; write the value out")
		return true
	}
	refused := false
	for _, c := range n.Content {
		refused = p.refuseAliases(c) || refused
	}
	return refused
}

// fields are the known keys of a mapping, each with what to do with its value.
type fields map[string]func(*yaml.Node)

// mapping hands each value to its field, and reports unknown and repeated keys.
func (p *fileParser) mapping(n *yaml.Node, known fields) {
	if n.Kind != yaml.MappingNode {
		p.node(n, "here must be a mapping of keys and values (%s)", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := known[key.Value]
		switch {
		case !ok:
			p.node(key, "unknown key %q; known here are %s", key.Value, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case seen[key.Value]:
			p.node(key, "key %q stands here twice; keep one", key.Value)
		default:
			read(value)
		}
		seen[key.Value] = true
	}
}

// list calls read for each element.
func (p *fileParser) list(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.node(n, "here must be a list")
		return
	}
	for _, e := range n.Content {
		read(e)
	}
}
