package report_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/lab/report"
)

func page() report.Page {
	return report.Page{
		Title: "A <day>", Lead: "What was seen.", Notes: []string{"a note"},
		Bands: []report.Band{{Name: "calm", From: 0, To: 2}, {Name: "spike", From: 2, To: 4}},
		Marks: []report.Mark{{At: 2.5, Label: "1", Text: "producer.linger.ms 1000 → 6; </script><b>"}},
		Charts: []report.Chart{
			{Title: "Latency", Unit: "ms", Log: true, Limit: 150, LimitName: "objective", X: []float64{1, 2, 3, 4}, Series: []report.Series{
				{Name: "p99", Values: []float64{1000, math.NaN(), 30, 20}},
			}},
			{Title: "producer.linger.ms", X: []float64{1, 2, 3, 4}, Series: []report.Series{{Name: "engine-1", Step: true, Values: []float64{1000, 1000, 6, 6}}}},
		},
		Tables: []report.Table{{Title: "In figures", Head: []string{"", "p99"}, Rows: [][]string{{"calm", "1000 ms"}}}},
	}
}

// The page needs no other server, and what it is given can't leave its place.
func TestThePageIsSelfContained(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.Write(&b, page()))
	html := b.String()
	require.NotContains(t, html, "A <day>")
	require.NotContains(t, html, "</script><b>")
	for _, loads := range []string{"src=", "@import", "<link", "url("} {
		require.NotContains(t, html, loads)
	}
	require.Equal(t, 3, strings.Count(html, "</script>"))
}

// In a real browser both plots are drawn, without an error in the script.
func TestThePageIsDrawn(t *testing.T) {
	path, err := exec.LookPath("chromium")
	kafkatest.Need(t, err)
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, report.WriteFile(file, page()))
	// Its profile isn't in the test's own folder: Chromium's children write into it a moment longer than it lives.
	profile, err := os.MkdirTemp("", "veltrix-browser-") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile))
	allocated, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("file://"+file)))
	require.Equal(t, 2, ask[int](ctx, t, `document.querySelectorAll(".uplot canvas").length`))
	require.Equal(t, 1, ask[int](ctx, t, `document.querySelectorAll("table.marks tbody tr").length`))
	require.True(t, ask[bool](ctx, t, `[...document.querySelectorAll(".uplot canvas")].every((c) =>
		c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v != 0))`), "a plot without ink")
}

// ask evaluates an expression in the page.
func ask[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return value
}
