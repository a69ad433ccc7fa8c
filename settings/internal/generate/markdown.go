package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/veltrix/veltrix/settings"
)

const intro = `<!-- Generated from the table of settings by ` + "`go generate ./settings`" + `. Do not edit. -->

# Settings

Every setting that Veltrix knows. The table in the package ` + "`settings`" + ` is the only source: validation, step sizes, the
[JSON Schema](../settings/document.schema.json) of the document and this page are derived from it.

- **Default** is what a client uses where the application sets nothing. It is never written to a document.
- **Bounds** are hard, both ends allowed. An application, a rule and an operator can narrow them, nobody can widen them.
- **Step** is the most that one decision moves the setting by.
- **Used** says when a running client uses a new value.
- **Topic** says whether a single topic can have a value of its own.
- **Safer** is the direction that wins when two rules of the same authority disagree.

| Setting | Default | Bounds | Step | Class | Used | Topic | Safer | Why these bounds |
|---|---|---|---|---|---|---|---|---|
`

// markdown returns the documentation's page of settings.
func markdown(rows []settings.Setting, relations []settings.Relation) []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	for _, s := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			s.Name, defaultOf(s), boundsOf(s), stepOf(s), classOf(s), s.Applies, yes(s.PerTopic), s.Safer, cell(s.Why))
	}
	b.WriteString("\n## Rules across settings\n\nChecked wherever all settings of a rule are known.\n\n")
	for _, r := range relations {
		fmt.Fprintf(&b, "- %s, because %s.\n", r, r.Why)
	}
	return b.Bytes()
}

func defaultOf(s settings.Setting) string {
	switch {
	case !s.Default.IsSet():
		return "the broker's"
	case s.Default.IsWord():
		return s.Default.Text()
	}
	return amount(s.Kind, s.Default.Int())
}

func boundsOf(s settings.Setting) string {
	if s.Kind == settings.Enum {
		return strings.Join(s.Enum, ", ")
	}
	return amount(s.Kind, s.Min) + " … " + amount(s.Kind, s.Max)
}

func stepOf(s settings.Setting) string {
	if s.Kind == settings.Enum {
		return "one notch"
	}
	return fmt.Sprintf("×%g", s.Factor)
}

func classOf(s settings.Setting) string {
	if s.Class == settings.Durability {
		return "**durability**: loosened only by an operator"
	}
	return string(s.Class)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// cell keeps text from ending a column.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// amount writes n with its unit, bytes in the largest binary unit that divides it.
func amount(k settings.Kind, n int64) string {
	switch k {
	case settings.Milliseconds:
		return fmt.Sprintf("%d ms", n)
	case settings.Bytes:
		for _, u := range []struct {
			size int64
			name string
		}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
			if n >= u.size && n%u.size == 0 {
				return fmt.Sprintf("%d %s", n/u.size, u.name)
			}
		}
		return fmt.Sprintf("%d B", n)
	case settings.Count, settings.Enum:
	}
	return fmt.Sprint(n)
}
