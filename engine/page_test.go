package engine_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkatest"
)

// page returns the page's status, its header and its text.
func page(t *testing.T, c *http.Client, url string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(text)
}

// Without a script the page shows how things stand; what players write is text and nothing else.
func TestThePageIsText(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	_, _, text := page(t, c, one.url)
	require.Contains(t, text, "There are no hunts yet")
	id := newHunt(t, c, one.url, 2, 1)
	post(t, c, one.url+"/v1/hunts/"+id+"/players", "", map[string]any{"player": "eve", "name": "<script>alert(1)</script>"})
	post(t, c, one.url+"/v1/hunts/"+id+"/claims", "", claim("eve", "t0", "anchor"))

	status, header, text := page(t, c, one.url)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, text, `<a href="/?hunt=`+id+`">harbour</a>`)
	require.Contains(t, text, "1 of 2")
	_, _, text = page(t, c, one.url+"/?hunt="+id)
	require.Contains(t, text, "&lt;script&gt;alert(1)&lt;/script&gt;</td><td class=\"number\">10</td>")
	require.Contains(t, text, "eve found t0.")
	require.NotContains(t, text, "<script>alert")
	status, _, text = page(t, c, one.url+"/?hunt=none")
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "There is no such hunt here")
	status, header, _ = page(t, c, one.url+"/page.js")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "text/javascript; charset=utf-8", header.Get("Content-Type"))
	status, _, _ = page(t, c, one.url+"/page.html")
	require.Equal(t, http.StatusNotFound, status)
}

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

// ask evaluates an expression in the page.
func ask[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return value
}

// In a browser the page follows the hunt: leaderboard and events change while it is open, on a phone without scrolling sideways,
// and it asks nobody but its instance.
func TestThePageFollowsAHunt(t *testing.T) {
	ctx := browser(t)
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 3, 1)
	hunt := one.url + "/v1/hunts/" + id
	post(t, c, hunt+"/players", "", map[string]any{"player": "eve", "name": "<b>Eve</b>"})
	require.NoError(t, chromedp.Do(ctx,
		chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(3), chromedp.EmulateMobile), // a phone
		chromedp.Navigate(one.url),
		chromedp.Click(`a[href="/?hunt=`+id+`"]`),
		chromedp.WaitVisible("#board"),
	))
	text := func() string { return ask[string](ctx, t, `document.querySelector("main").innerText`) }
	shows := func(want string) {
		t.Helper()
		require.Eventually(t, func() bool {
			return ask[bool](ctx, t, `document.querySelector("main").innerText.includes(`+"`"+want+"`"+`)`)
		}, time.Minute, 20*time.Millisecond, "the page shows %q, but has: %s", want, text())
	}
	shows("Live.")
	require.Contains(t, text(), "<b>Eve</b> joined.", "what happened before")
	require.Contains(t, text(), "0 of 3 treasures are found")

	post(t, c, hunt+"/claims", "", claim("eve", "t1", "rope"))
	post(t, c, hunt+"/claims", "", claim("eve", "t1", "anchor"))
	shows("eve guessed wrong at t1.")
	shows("eve found t1 for 10 points.")
	shows("1 of 3 treasures are found")
	require.Equal(t, "<b>Eve</b>\t10\t1", ask[string](ctx, t, `document.querySelector("#board tr").innerText`))
	for range 25 {
		post(t, c, hunt+"/moves", "", map[string]any{"player": "p0", "x": 1, "y": 1})
	}
	shows("p0 moved.")
	require.Eventually(t, func() bool { return !ask[bool](ctx, t, `document.body.innerText.includes("found t1")`) }, time.Minute, 20*time.Millisecond)
	require.LessOrEqual(t, ask[int](ctx, t, `document.querySelectorAll("#events li").length`), 20, "the list is bounded")
	require.Zero(t, ask[int](ctx, t, `document.querySelectorAll("b").length`))
	require.LessOrEqual(t, ask[int](ctx, t, `document.documentElement.scrollWidth - document.documentElement.clientWidth`), 0, "on a phone the page scrolls sideways")
	require.Zero(t, ask[int](ctx, t, `performance.getEntriesByType("resource").filter(r => !r.name.startsWith(location.origin)).length`), "the page asks others")

	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // which ends the stream
}
