package sidecar_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
)

// browser starts a headless Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	kafkatest.Need(t, err)
	// Its profile isn't in the test's own folder: Chromium's children write into it a moment longer than it lives.
	profile, err := os.MkdirTemp("", "veltrix-browser-") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true))
	allocated, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// The page shows the story of a healed objective in a real browser, on a phone without scrolling sideways, without an error
// in its console and without asking anybody but the sidecar.
func TestThePageInABrowser(t *testing.T) {
	ctx := browser(t)
	b := newBench(t, "enforce")
	defer b.instance()()
	s := b.sidecar("one", nil)
	defer b.start(s)()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	require.Eventually(t, func() bool { return b.document().Generation == 1 }, time.Minute, 10*time.Millisecond)

	require.NoError(t, chromedp.Do(ctx,
		chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(3), chromedp.EmulateMobile), // a phone
		chromedp.Navigate(server.URL),
	))
	title, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(t, err)
	require.Equal(t, "Veltrix: hunt", title)
	text := ask[string](ctx, t, `document.querySelector("main").innerText`)
	for _, want := range []string{
		"mode enforce, leader", "producer.linger.ms", "63", "TooSlow", "engine-1",
		"Protected by TooSlow: producer.linger.ms 1000 → 63", "p99", "0.15",
	} {
		require.Contains(t, text, want)
	}
	require.LessOrEqual(t, ask[int](ctx, t, `document.documentElement.scrollWidth - document.documentElement.clientWidth`), 0, "on a phone the page scrolls sideways")
	require.Zero(t, ask[int](ctx, t, `performance.getEntriesByType("resource").filter(r => !r.name.startsWith(location.origin)).length`), "the page asks others")
	require.Zero(t, ask[int](ctx, t, `[...document.querySelectorAll("table")].filter(t => !t.querySelector("thead th")).length`), "tables without a head")
	require.Zero(t, ask[int](ctx, t, `[...document.querySelectorAll(".wide")].filter(w => w.scrollWidth > w.clientWidth && w.tabIndex < 0).length`),
		"what scrolls is reached by keys")

	// A change says what it stands on, and how to go back.
	require.NoError(t, chromedp.Do(ctx, chromedp.Click("summary")))
	open := ask[string](ctx, t, `document.querySelector("details[open]").innerText`)
	require.Contains(t, open, "p99 1.01")
	require.Contains(t, open, "TooSlow fired with 1.01")
	require.Contains(t, open, "veltrixctl settings rollback 0 --app hunt")

	// What is wrong is said first.
	b.store.SetAway(true)
	require.Eventually(t, func() bool { return s.Status().Problem != "" }, time.Minute, 10*time.Millisecond)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(server.URL)))
	require.Contains(t, ask[string](ctx, t, `document.querySelector("main p").innerText`), "Nothing is written")
}

// ask evaluates an expression in the page.
func ask[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return value
}
