package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// oldest is the oldest Grafana that the dashboards are written for.
const oldest = "11.0.0"

// Encode returns a dashboard's file: JSON with a stable order of keys, so that the same dashboard is the same bytes.
//
// Two things are added that the schema of a dashboard doesn't have and Grafana reads all the same: what it requires, and how
// an annotation from Prometheus is worded (its data source looks for titleFormat, textFormat and tagKeys).
func Encode(d dashboard.Dashboard) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode dashboard %s: %w", *d.Uid, err)
	}
	var file map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("encode dashboard %s: %w", *d.Uid, err)
	}
	file["__elements"], file["__requires"] = map[string]any{}, requires(d)
	phrase(file)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // expressions are full of < and >
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		return nil, fmt.Errorf("encode dashboard %s: %w", *d.Uid, err)
	}
	return b.Bytes(), nil
}

// requirement is one thing that Grafana must have.
type requirement struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// requires lists Grafana, the data source and the kinds of panels, each once.
func requires(d dashboard.Dashboard) []requirement {
	all := []requirement{
		{"grafana", "grafana", "Grafana", oldest},
		{"datasource", "prometheus", "Prometheus", "1.0.0"},
	}
	var kinds []string
	for _, p := range d.Panels {
		if p.Panel != nil {
			kinds = append(kinds, p.Panel.Type)
		}
	}
	slices.Sort(kinds)
	for _, k := range slices.Compact(kinds) {
		all = append(all, requirement{"panel", k, k, ""})
	}
	return all
}

// phrase adds the wording of the annotations.
func phrase(file map[string]any) {
	wordings := map[string]mark{}
	for _, m := range marks() {
		wordings[m.name] = m
	}
	list := file["annotations"].(map[string]any)["list"].([]any)
	for _, a := range list {
		annotation := a.(map[string]any)
		if m, ok := wordings[annotation["name"].(string)]; ok {
			annotation["titleFormat"], annotation["textFormat"], annotation["tagKeys"] = m.title, m.text, m.tags
		}
	}
}
