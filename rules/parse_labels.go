package rules

import (
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// labels reads names and values. A value is a template, as in Prometheus.
func (p *fileParser) labels(n *yaml.Node) map[string]string {
	return p.texts(n, "label", func(name string) bool {
		return model.UTF8Validation.IsValidLabelName(name) && name != model.MetricNameLabel
	})
}

func (p *fileParser) annotations(n *yaml.Node) map[string]string {
	return p.texts(n, "annotation", model.UTF8Validation.IsValidLabelName)
}

func (p *fileParser) texts(n *yaml.Node, what string, valid func(string) bool) map[string]string {
	if n.Kind != yaml.MappingNode {
		p.node(n, "here must be a mapping of names and texts")
		return nil
	}
	texts := make(map[string]string, len(n.Content)/2)
	p.pairs(n, func(key, value *yaml.Node) {
		if key.ShortTag() == "!!merge" {
			p.node(key, "a merged mapping is not read here; write the %ss out", what)
			return
		}
		if _, twice := texts[key.Value]; twice {
			p.node(key, "%s %q stands here twice; keep one", what, key.Value)
		}
		if !valid(key.Value) {
			p.node(key, "%q is no name for a %s", key.Value, what)
		}
		texts[key.Value] = p.template(value)
	})
	return texts
}

// template reads a text and makes sure that it can be expanded.
func (p *fileParser) template(n *yaml.Node) string {
	text := p.scalar(n)
	if !utf8.ValidString(text) {
		p.node(n, "the text is not UTF-8")
		return ""
	}
	if !strings.Contains(text, "{{") {
		return text
	}
	if p.funcs == nil {
		p.funcs = templateFuncs()
	}
	const names = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
	if _, err := template.New("text").Funcs(p.funcs).Parse(names + text); err != nil {
		p.node(n, "the template can't be read: %s", err)
	}
	return text
}

// templateFuncs are the names of the functions that Prometheus gives to templates. Nothing is expanded here, so that they
// need not do anything.
func templateFuncs() template.FuncMap {
	funcs := template.FuncMap{}
	for _, name := range []string{
		"query", "first", "label", "value", "strvalue", "args", "reReplaceAll", "safeHtml", "match", "title", "toUpper", "toLower",
		"graphLink", "tableLink", "sortByLabel", "stripPort", "stripDomain", "humanize", "humanize1024", "humanizeDuration",
		"humanizePercentage", "humanizeTimestamp", "toTime", "toDuration", "now", "pathPrefix", "externalURL", "parseDuration",
		"urlQueryEscape", "tmpl",
	} {
		funcs[name] = func(...any) string { return "" }
	}
	return funcs
}
