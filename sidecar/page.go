package sidecar

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

//go:embed page.html
var pageText string

// page is what the page for people shows.
type page struct {
	Status
	Now       time.Time
	Settings  []settingNow
	RuleRows  []rules.RuleStatus
	Decisions []tuner.Decision
	Missing   string // why the decisions can't be shown
	Blind     []string
}

// newPage parses the page; its text is a part of the program, so that it always can be.
func newPage() *template.Template {
	return template.Must(template.New("page").Funcs(pageFuncs()).Parse(pageText))
}

// pageDecisions is the number of decisions on the page.
const pageDecisions = 20

func (s *Sidecar) servePage(w http.ResponseWriter, r *http.Request) {
	p := page{Status: s.Status(), Now: time.Now().UTC(), Settings: s.settingsNow()}
	p.RuleRows, p.Blind = p.Rules, blindRules(p.Rules)
	decisions, err := s.store.Journal(r.Context(), store.Page{Limit: pageDecisions})
	if err != nil {
		p.Missing = err.Error()
	}
	p.Decisions = decisions
	var b bytes.Buffer
	if err := s.page.Execute(&b, p); err != nil {
		s.log.Error("draw the page", zap.Error(err))
		http.Error(w, "the page could not be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
	_, _ = b.WriteTo(w) // the client is gone if this fails
}

func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"clock": func(t time.Time) string {
			if t.IsZero() {
				return "–"
			}
			return t.UTC().Format("2006-01-02 15:04:05Z")
		},
	}
}
