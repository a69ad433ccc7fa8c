package engine

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
)

//go:embed page
var pageFiles embed.FS

const (
	// pageHunts, pagePlayers and pageTreasures bound the page's tables; pageEvents is how many of the last events it begins with.
	pageHunts     = 100
	pagePlayers   = 100
	pageTreasures = 100
	pageEvents    = 20
	// pagePolicy lets the page use nothing but what comes from this instance, and its texts do nothing.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// page is what the page for players and the curious shows: all hunts, or one.
type page struct {
	Ready     bool
	Asked     string // the id of the hunt to show; all if empty
	Hunts     []huntRow
	More      int // hunts that are not shown
	Hunt      *huntAnswer
	Treasures []treasureAnswer
	Board     []hunt.Standing
	Events    []hunt.Event // the newest first
}

// huntRow is a hunt in the list.
type huntRow struct {
	ID, Name               string
	Starts, Ends           time.Time
	Finished               bool
	Players, Found, Hidden int
}

// pages serves the page and its parts.
func (e *Engine) pages(mux *http.ServeMux) {
	// The texts are parts of the program, so that they always can be parsed.
	t := template.Must(template.New("page.html").Funcs(template.FuncMap{"clock": clock, "tell": sentence}).ParseFS(pageFiles, "page/page.html"))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { e.servePage(w, r, t) })
	for file, kind := range map[string]string{"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8"} {
		mux.HandleFunc("GET /"+file, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFileFS(w, r, pageFiles, "page/"+file)
		})
	}
}

func (e *Engine) servePage(w http.ResponseWriter, r *http.Request, t *template.Template) {
	p, status := e.page(r.URL.Query().Get("hunt"))
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		e.log.Error("draw the page", zap.Error(err))
		http.Error(w, "the page could not be drawn", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone if this fails
}

// page returns what the view knows of a hunt, or of all if none is asked for.
func (e *Engine) page(asked string) (page, int) {
	p, status := page{Ready: e.Ready(), Asked: asked}, http.StatusOK
	if asked != "" {
		answer, found := e.huntAnswer(asked)
		if found {
			e.fill(&p, answer)
			return p, status
		}
		status = http.StatusNotFound
	}
	p.Hunts = e.view.hunts()
	p.More = max(0, len(p.Hunts)-pageHunts)
	p.Hunts = p.Hunts[:len(p.Hunts)-p.More]
	return p, status
}

// fill completes a page of one hunt.
func (e *Engine) fill(p *page, answer huntAnswer) {
	p.Hunt = &answer
	p.Treasures = answer.Treasures[:min(len(answer.Treasures), pageTreasures)]
	e.view.read(answer.ID, func(h *hunt.Hunt) { p.Board = h.Standings() })
	hunt.Rank(p.Board)
	p.Board = p.Board[:min(len(p.Board), pagePlayers)]
	if partition, ok := e.view.partitionOf(answer.ID); ok {
		p.Events = e.feed.last(partition, answer.ID, pageEvents)
	}
}

// hunts returns all hunts, the open ones first and the newest first.
func (v *view) hunts() []huntRow {
	v.mu.RLock()
	var all []huntRow
	for _, s := range v.states {
		for h := range s.All() {
			all = append(all, huntRow{
				ID: h.ID, Name: h.Plan.Name, Starts: h.Plan.Starts, Ends: h.Plan.Ends,
				Finished: h.Finished(), Players: h.Players(), Found: h.Found(), Hidden: len(h.Plan.Treasures),
			})
		}
	}
	v.mu.RUnlock()
	slices.SortFunc(all, func(a, b huntRow) int {
		if a.Finished != b.Finished {
			if a.Finished {
				return 1
			}
			return -1
		}
		return cmp.Or(b.Starts.Compare(a.Starts), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// sentence tells an event, in the words that the page's script has for it.
func sentence(e hunt.Event) string {
	who := cmp.Or(e.Name, e.Player)
	switch e.Outcome {
	case hunt.Created:
		return "The hunt was created."
	case hunt.Joined:
		return who + " joined."
	case hunt.Moved:
		return who + " moved."
	case hunt.Won:
		return who + " found " + e.Treasure + "."
	case hunt.Taken:
		return who + " came too late for " + e.Treasure + "."
	case hunt.Wrong:
		return who + " guessed wrong at " + e.Treasure + "."
	case hunt.Finished:
		return "The hunt is finished."
	case hunt.Refused:
	}
	return who + " was refused: " + string(e.Reason) + "."
}
