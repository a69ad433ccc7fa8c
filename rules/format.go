package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Format returns a rule file in its standard form: two blanks a level, the keys of groups, rules, guards and actions in
// their usual order, one empty line between rules. Comments, the style of texts and expressions stay as they are. It
// fails if the file is invalid, and rather than lose anything.
func Format(name string, content []byte) ([]byte, error) {
	if _, err := Parse(name, content); err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if root.Kind == 0 || root.Content[0].Kind != yaml.MappingNode {
		return content, nil // nothing but comments, or not even those
	}
	var before yaml.Node
	if err := yaml.Unmarshal(content, &before); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !aliases(&root) { // an alias has to stay behind its anchor
		order(&root)
	}
	nameNulls(&root, false)
	out, err := encode(&root)
	if err == nil {
		out, err = spread(out)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: write the file anew: %w", name, err)
	}
	if err := unchanged(&before, out); err != nil {
		return nil, fmt.Errorf("%s can't be formatted without a change of its meaning: %w; leave it as it is", name, err)
	}
	return out, nil
}

// nameNulls writes out the values that are left out within braces: the YAML library would make empty texts of them.
func nameNulls(n *yaml.Node, flow bool) {
	flow = flow || n.Style&yaml.FlowStyle != 0
	if flow && null(n) && n.Value == "" {
		n.Value = "null"
	}
	for _, c := range n.Content {
		nameNulls(c, flow)
	}
}

func encode(root *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	enc.CompactSeqIndent()
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// aliases says whether there is an alias anywhere.
func aliases(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || slices.ContainsFunc(n.Content, aliases)
}

// keyOrder is the usual order of keys: what it is called, when, with which authority, what it does, what is said of it.
func keyOrder() []string {
	return []string{
		"alert", "record", "name", "interval", "query_offset", "limit",
		"expr", "clear_expr", "for", "keep_firing_for", "class", "scope", "priority", "on_missing", "mode", "guards", "actions",
		"set", "topic", "to", "add", "multiply", "target", "ratio", "min", "max", "allowed",
		"labels", "annotations", "rules",
	}
}

// order puts the keys of groups, rules, guards and actions into their usual order. Labels, annotations and ratios are left as
// they are.
func order(document *yaml.Node) {
	for _, g := range elements(valueOf(document.Content[0], "groups")) {
		orderKeys(g)
		for _, r := range elements(valueOf(g, "rules")) {
			orderKeys(r)
			for _, part := range append(elements(valueOf(r, "guards")), elements(valueOf(r, "actions"))...) {
				orderKeys(part)
			}
		}
	}
}

func elements(list *yaml.Node) []*yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return slices.Clone(list.Content)
}

func orderKeys(mapping *yaml.Node) {
	if mapping.Kind != yaml.MappingNode {
		return
	}
	type pair struct{ key, value *yaml.Node }
	var pairs []pair
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		pairs = append(pairs, pair{mapping.Content[i], mapping.Content[i+1]})
	}
	usual := keyOrder()
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Compare(slices.Index(usual, a.key.Value), slices.Index(usual, b.key.Value))
	})
	mapping.Content = mapping.Content[:0]
	for _, p := range pairs {
		mapping.Content = append(mapping.Content, p.key, p.value)
	}
}

// spread puts an empty line before each group and rule but the first, above its comment.
func spread(content []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return nil, err
	}
	lines := strings.Split(string(content), "\n")
	apart := map[int]bool{} // lines, from 0, that get an empty one above them
	mark := func(n *yaml.Node) {
		at := n.Line - 1
		for at > 0 && n.HeadComment+firstComment(n) != "" && strings.HasPrefix(strings.TrimSpace(lines[at-1]), "#") {
			at--
		}
		apart[at] = at > 0 && strings.TrimSpace(lines[at-1]) != ""
	}
	for i, g := range elements(valueOf(root.Content[0], "groups")) {
		if i > 0 && g.Style&yaml.FlowStyle == 0 {
			mark(g)
		}
		for j, r := range elements(valueOf(g, "rules")) {
			if j > 0 && r.Line > g.Line {
				mark(r)
			}
		}
	}
	var b strings.Builder
	for i, line := range lines {
		if apart[i] {
			b.WriteString("\n")
		}
		b.WriteString(line)
		if i+1 < len(lines) {
			b.WriteString("\n")
		}
	}
	return []byte(b.String()), nil
}

// firstComment is the comment above the first key of a mapping, where YAML's reader puts some of those above the mapping.
func firstComment(n *yaml.Node) string {
	if len(n.Content) == 0 {
		return ""
	}
	return n.Content[0].HeadComment
}
