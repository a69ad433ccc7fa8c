package load

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Followers are those who keep a stream of events open, and what they heard.
type Followers struct {
	Streams int `json:"streams"`
	// Events is how many they heard together.
	Events int64 `json:"events"`
	// Broken is how often a stream ended before the traffic, and was opened again after its last event.
	Broken int64 `json:"broken"`
	// Gaps is how often an engine said that it doesn't have the events between any more.
	Gaps int64 `json:"gaps"`
	// Refused is how often a stream could not be opened.
	Refused int64 `json:"refused"`
}

// followers keep streams open.
type followers struct {
	http    *http.Client
	streams int

	events, broken, gaps, refused atomic.Int64
}

func newFollowers(n int) *followers {
	return &followers{streams: n, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}}
}

// run keeps the streams of urls open until ctx ends.
func (f *followers) run(ctx context.Context, urls []string) {
	var all sync.WaitGroup
	for i := range f.streams {
		all.Go(func() { f.follow(ctx, urls[i%len(urls)]) })
	}
	all.Wait()
	f.http.CloseIdleConnections()
}

// reopenAfter is what browsers wait before they open a stream again, about.
const reopenAfter = time.Second

// follow keeps one stream open, and goes on after the last event that it has heard.
func (f *followers) follow(ctx context.Context, url string) {
	last := ""
	for ctx.Err() == nil {
		last = f.listen(ctx, url, last)
		if ctx.Err() != nil {
			return
		}
		f.broken.Add(1)
		select {
		case <-ctx.Done():
		case <-time.After(reopenAfter):
		}
	}
}

// listen follows one stream to its end, and returns the id of the last event.
func (f *followers) listen(ctx context.Context, url, last string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return last
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := f.http.Do(req)
	if err != nil {
		f.refuse(ctx)
		return last
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.refuse(ctx)
		return last
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		switch field, value, _ := strings.Cut(lines.Text(), ": "); {
		case field == "id":
			last = value
			f.events.Add(1)
		case field == "event" && value == "reset":
			f.gaps.Add(1)
		}
	}
	return last
}

// refuse counts a stream that could not be opened, unless nobody wants it any more.
func (f *followers) refuse(ctx context.Context) {
	if ctx.Err() == nil {
		f.refused.Add(1)
	}
}

func (f *followers) result() Followers {
	return Followers{Streams: f.streams, Events: f.events.Load(), Broken: f.broken.Load(), Gaps: f.gaps.Load(), Refused: f.refused.Load()}
}
