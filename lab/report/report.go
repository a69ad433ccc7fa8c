// Package report writes what a run of the lab found as one HTML file that needs nothing else: plots over one time axis, with
// marks for what happened, and tables. The plots are uPlot's, whose script is embedded.
package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
)

// Page is a report.
type Page struct {
	// Title heads it, Lead says in a sentence or two what was done and found.
	Title, Lead string
	// Bands are times with a name, behind every plot.
	Bands []Band
	// Marks are moments, as lines across every plot, listed below with their texts.
	Marks  []Mark
	Charts []Chart
	Tables []Table
	// Notes are paragraphs below.
	Notes []string
}

// Band is a time with a name; From and To are seconds.
type Band struct {
	Name string  `json:"name"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Mark is a moment: At is in seconds.
type Mark struct {
	At    float64 `json:"at"`
	Label string  `json:"label"`
	Text  string  `json:"text"`
}

// Chart is a plot of several series over seconds.
type Chart struct {
	Title string `json:"title"`
	// Unit is written behind values.
	Unit string `json:"unit"`
	// Log makes the vertical axis logarithmic.
	Log bool `json:"log,omitempty"`
	// Limit is drawn as a dashed line and named, if it is not 0.
	Limit     float64 `json:"limit,omitempty"`
	LimitName string  `json:"limit_name,omitempty"`
	// X are the seconds at which the series have values.
	X      []float64 `json:"x"`
	Series []Series  `json:"series"`
}

// Series is a line. NaN is a gap.
type Series struct {
	Name string `json:"name"`
	// Step draws stairs instead of straight lines.
	Step   bool    `json:"step,omitempty"`
	Values numbers `json:"values"`
}

// numbers are written with null for what is no number.
type numbers []float64

// MarshalJSON writes NaN and infinities as null, which uPlot leaves out.
func (n numbers) MarshalJSON() ([]byte, error) {
	values := make([]*float64, len(n))
	for i, v := range n {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			values[i] = &n[i]
		}
	}
	return json.Marshal(values)
}

// Table is a table of text; numbers in it are set right.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

//go:embed assets/uPlot.iife.min.js
var script string

//go:embed assets/uPlot.min.css
var style string

//go:embed assets/report.js
var draw string

//go:embed assets/report.css
var look string

//go:embed assets/report.html
var page string

// Write writes the page. Its text is escaped; it holds no address of another server.
func Write(w io.Writer, p Page) error {
	data, err := json.Marshal(map[string]any{"bands": p.Bands, "marks": p.Marks, "charts": p.Charts})
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	t, err := template.New("report").Parse(page)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	err = t.Execute(w, map[string]any{
		"Page": p, "Data": template.JS(data), //nolint:gosec // JSON of our own making, in which < is escaped
		"Script": template.JS(script), "Draw": template.JS(draw), "Style": template.CSS(style + look), //nolint:gosec // embedded
	})
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteFile writes the page to a file.
func WriteFile(file string, p Page) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := Write(f, p); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
