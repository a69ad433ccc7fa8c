package main

import (
	"fmt"
	"regexp"
	"strings"
)

// root is the struct of the whole file.
const root = "Config"

const preface = `<!-- Generated from the sidecar's configuration by ` + "`go generate ./sidecar`" + `. Do not edit. -->

# The sidecar's configuration

One YAML file, given by ` + "`--config.file`" + `. An unknown key, a missing file, an impossible bound or an expression that doesn't
parse is refused at the start, with the line and what to do; ` + "`--config.check`" + ` does that alone. Relative paths begin at the
file's folder. SIGHUP, or POST /-/reload, reads the rule files again; the configuration itself is read at the start.

Durations are written as Prometheus does: 5s, 10m, 1h30m. Passwords and tokens are given as files, so that no secret is in
this one; the log, the metrics, the page and the API show none.

An example with the least that is needed: [veltrix.example.yml](../cmd/veltrix/veltrix.example.yml).
`

// write returns the page: the root, then each struct that it names, in the order in which they are named.
func write(structs map[string]*section) (string, error) {
	var b strings.Builder
	b.WriteString(preface)
	titles := map[string]string{root: ""}
	queue := []string{root}
	for i := 0; i < len(queue); i++ {
		s := structs[queue[i]]
		if title := titles[queue[i]]; title != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, s.about)
		}
		b.WriteString("\n| key | kind | |\n|---|---|---|\n")
		for _, f := range s.fields {
			if f.inline {
				continue
			}
			if f.key == "" || f.about == "" {
				return "", fmt.Errorf("%s.%s has no key or no comment: write both", queue[i], f.name)
			}
			child := strings.TrimPrefix(f.kind, "list of ")
			shown := f.kind
			if structs[child] != nil {
				if _, known := titles[child]; !known {
					titles[child] = strings.Trim(titles[queue[i]]+"."+f.key, ".")
					queue = append(queue, child)
				}
				shown = strings.Replace(f.kind, child, "[below](#"+anchor(titles[child])+")", 1)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.key, shown, escape(s.keyed(f.about)))
		}
	}
	return b.String(), nil
}

// keyed writes keys in place of the fields' names.
func (s *section) keyed(text string) string {
	for _, f := range s.fields {
		if f.key != "" {
			text = regexp.MustCompile(`\b`+f.name+`\b`).ReplaceAllString(text, "`"+f.key+"`")
		}
	}
	return text
}

// anchor is how a heading is linked to: lower case, without full stops.
func anchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), ".", "") }

func escape(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
