// Command publish writes docs/judge.md and its plot: what the simulation measures of the tuner's judgement.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"github.com/veltrix/veltrix/internal/simulation"
)

//go:embed judge.md
var text string

func main() {
	to := flag.String("to", "docs", "the directory to write to")
	flag.Parse()
	if err := publish(*to); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func publish(to string) error {
	var rows []string
	var curves []simulation.Result
	for _, noise := range simulation.Noises() {
		for _, overlap := range simulation.Overlaps() {
			row, results := simulation.PublishedRow(noise, overlap)
			rows = append(rows, row)
			if noise == simulation.Gaussian && overlap == 6 {
				curves = results
			}
		}
	}
	page := strings.Replace(text, "{{rows}}", strings.Join(rows, "\n"), 1)
	if err := os.WriteFile(filepath.Join(to, "judge.md"), []byte(page), 0o644); err != nil { //nolint:gosec // a page for everybody
		return fmt.Errorf("write the page: %w", err)
	}
	return draw(curves, filepath.Join(to, "judge.svg"))
}

// draw plots which share was judged worse after how many minutes.
func draw(curves []simulation.Result, file string) error {
	p := plot.New()
	p.Title.Text = "Judged worse, ± 10 % Gaussian noise, range 30 s"
	p.X.Label.Text, p.Y.Label.Text = "minutes of readings after the change settled", "share of trials"
	p.Y.Min, p.Y.Max = 0, 1
	p.Legend.Top, p.Legend.Left = false, false
	p.Legend.YOffs = vg.Centimeter
	for i, r := range curves {
		points := make(plotter.XYs, 0, 121)
		for n := range 121 {
			points = append(points, plotter.XY{X: float64(n) * 5 / 60, Y: r.Share(n)})
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("plot %s: %w", r.Change, err)
		}
		line.Color, line.Width = plotutil.Color(i), vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(r.Change.String(), line)
	}
	if err := p.Save(16*vg.Centimeter, 10*vg.Centimeter, file); err != nil {
		return fmt.Errorf("write the plot: %w", err)
	}
	return nil
}
