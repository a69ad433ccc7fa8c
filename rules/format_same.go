package rules

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// unchanged fails unless the formatted text says the same as before, with the same comments.
func unchanged(before *yaml.Node, formatted []byte) error {
	var after yaml.Node
	if err := yaml.Unmarshal(formatted, &after); err != nil {
		return fmt.Errorf("what comes out is not YAML: %w", err)
	}
	if path, same := sameValues(before, &after, ""); !same {
		return fmt.Errorf("%s would change", path)
	}
	was, is := comments(before), comments(&after)
	slices.Sort(was)
	slices.Sort(is)
	if !slices.Equal(was, is) {
		return fmt.Errorf("a comment would be lost or torn apart")
	}
	return nil
}

// sameValues compares values, in whatever order keys are.
func sameValues(a, b *yaml.Node, path string) (string, bool) {
	if null(a) && null(b) {
		return "", true // written or not
	}
	if a.Kind != b.Kind || a.Value != b.Value || a.ShortTag() != b.ShortTag() || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return strings.TrimPrefix(path, "."), false
	}
	if a.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(a.Content); i += 2 {
			key := a.Content[i].Value
			if other := valueOf(b, key); other == nil {
				return strings.TrimPrefix(path+"."+key, "."), false
			} else if p, same := sameValues(a.Content[i+1], other, path+"."+key); !same {
				return p, false
			}
		}
		return "", true
	}
	for i := range a.Content {
		next := path
		if a.Kind == yaml.SequenceNode {
			next = fmt.Sprintf("%s[%d]", path, i)
		}
		if p, same := sameValues(a.Content[i], b.Content[i], next); !same {
			return p, false
		}
	}
	return "", true
}

// comments returns every line of comment.
func comments(n *yaml.Node) []string {
	var all []string
	for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
		for line := range strings.Lines(c) {
			if line = strings.TrimSpace(line); line != "" {
				all = append(all, line)
			}
		}
	}
	for _, c := range n.Content {
		all = append(all, comments(c)...)
	}
	return all
}
