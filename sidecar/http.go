package sidecar

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// maxBody bounds the body of a request.
const maxBody = 64 << 10

// Handler returns the HTTP API and the page. It may be used before Run and after it.
func (s *Sidecar) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range s.routes() {
		mux.HandleFunc(pattern, handler)
	}
	return http.MaxBytesHandler(mux, maxBody)
}

// routes are the patterns that are served; openapi.yaml describes each.
func (s *Sidecar) routes() map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{
		"GET /-/healthy":           func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Veltrix is healthy.") },
		"GET /-/ready":             s.serveReady,
		"POST /-/reload":           s.serveReload,
		"PUT /-/reload":            s.serveReload,
		"GET /api/v1/openapi.yaml": s.serveOpenAPI,
		"GET /api/v1/status":       func(w http.ResponseWriter, _ *http.Request) { s.success(w, s.Status()) },
		"GET /api/v1/rules":        func(w http.ResponseWriter, _ *http.Request) { s.success(w, s.prometheusRules()) },
		"GET /api/v1/settings":     s.serveSettings,
		"GET /api/v1/decisions":    s.serveDecisions,
		"PUT /api/v1/hold":         s.admin(s.serveHold),
		"DELETE /api/v1/hold":      s.admin(s.serveRelease),
		"GET /{$}":                 s.servePage,
	}
	if s.gatherer != nil {
		all["GET /metrics"] = promhttp.HandlerFor(s.gatherer, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP
	}
	return all
}

//go:embed openapi.yaml
var openAPI []byte

func (s *Sidecar) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openAPI) // the client is gone if this fails
}

// success writes data in the envelope of Prometheus's API.
func (s *Sidecar) success(w http.ResponseWriter, data any) {
	s.envelope(w, http.StatusOK, map[string]any{"status": "success", "data": data})
}

func (s *Sidecar) failure(w http.ResponseWriter, code int, kind, format string, args ...any) {
	s.envelope(w, code, map[string]any{"status": "error", "errorType": kind, "error": fmt.Sprintf(format, args...)})
}

func (s *Sidecar) envelope(w http.ResponseWriter, code int, body any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // expressions are full of < and >
	if err := enc.Encode(body); err != nil {
		s.log.Error("encode an answer", zap.Error(err))
		http.Error(w, "the answer could not be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = b.WriteTo(w) // the client is gone if this fails
}

func (s *Sidecar) serveReady(w http.ResponseWriter, _ *http.Request) {
	if err := s.Ready(time.Now()); err != nil {
		http.Error(w, "Veltrix is not ready: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "Veltrix is ready.")
}

func (s *Sidecar) serveReload(w http.ResponseWriter, _ *http.Request) {
	if !s.options.Lifecycle {
		http.Error(w, "reloading over HTTP is off; start with --web.enable-lifecycle", http.StatusForbidden)
		return
	}
	if err := s.Reload(); err != nil {
		http.Error(w, "the last good rules stay in use: "+err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "Rules reloaded.")
}

// settingNow is one setting as the API shows it.
type settingNow struct {
	Name    settings.Name  `json:"name"`
	Default settings.Value `json:"default,omitzero"`
	Tuned   settings.Value `json:"tuned,omitzero"`
	// InUse is what the live instances run; unset if none says so, or if they differ.
	InUse settings.Value `json:"in_use,omitzero"`
	Bound settings.Bound `json:"bound"`
}

func (s *Sidecar) settingsNow() []settingNow {
	bounds, err := settings.Hard().Intersect(s.config.Bounds)
	if err != nil {
		bounds = settings.Hard() // the configuration was checked, so this doesn't happen
	}
	status := s.Status()
	all := make([]settingNow, 0, len(settings.All()))
	for _, row := range settings.All() {
		all = append(all, settingNow{
			Name: row.Name, Default: row.Default, Tuned: status.Document.Settings[row.Name],
			InUse: inUse(status.Instances, row.Name), Bound: bounds[row.Name],
		})
	}
	return all
}

// inUse returns the value that all instances report.
func inUse(fleet []settings.Report, name settings.Name) settings.Value {
	var common settings.Value
	for i := range fleet {
		v := fleet[i].Effective[name]
		if i > 0 && v != common {
			return settings.Value{}
		}
		common = v
	}
	return common
}

func (s *Sidecar) serveSettings(w http.ResponseWriter, _ *http.Request) {
	s.success(w, map[string]any{"document": s.Status().Document, "settings": s.settingsNow()})
}

// serveDecisions returns a page of the journal, newest first: ?limit=50&before=ID.
func (s *Sidecar) serveDecisions(w http.ResponseWriter, r *http.Request) {
	page := store.Page{Before: r.URL.Query().Get("before")}
	if text := r.URL.Query().Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > 1000 {
			s.failure(w, http.StatusBadRequest, "bad_data", "limit is %q; write a number from 1 to 1000", text)
			return
		}
		page.Limit = limit
	}
	decisions, err := s.store.Journal(r.Context(), page)
	if err != nil {
		s.failure(w, http.StatusServiceUnavailable, "unavailable", "%s", err)
		return
	}
	s.success(w, decisions)
}

// admin guards a call that changes something.
func (s *Sidecar) admin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.options.AdminAPI {
			s.failure(w, http.StatusForbidden, "forbidden", "changing holds over HTTP is off; start with --web.enable-admin-api")
			return
		}
		next(w, r)
	}
}

// holdRequest is the body of PUT /api/v1/hold.
type holdRequest struct {
	Who      string          `json:"who"`
	Why      string          `json:"why"`
	Until    time.Time       `json:"until,omitzero"`
	Settings []settings.Name `json:"settings,omitempty"`
}

func (s *Sidecar) serveHold(w http.ResponseWriter, r *http.Request) {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	var req holdRequest
	if err := dec.Decode(&req); err != nil {
		s.failure(w, http.StatusBadRequest, "bad_data", "read the hold: %s; write {\"who\": …, \"why\": …, \"until\": …, \"settings\": […]}", err)
		return
	}
	if req.Who == "" || req.Why == "" {
		s.failure(w, http.StatusBadRequest, "bad_data", "a hold needs who and why")
		return
	}
	hold := tuner.Hold{Who: req.Who, Why: req.Why, Since: time.Now().UTC(), Until: req.Until, Settings: req.Settings}
	if err := s.store.SetHold(r.Context(), hold); err != nil {
		s.failure(w, http.StatusServiceUnavailable, "unavailable", "%s", err)
		return
	}
	s.success(w, hold)
}

func (s *Sidecar) serveRelease(w http.ResponseWriter, r *http.Request) {
	who := r.URL.Query().Get("who")
	if who == "" {
		s.failure(w, http.StatusBadRequest, "bad_data", "say who releases: DELETE /api/v1/hold?who=NAME")
		return
	}
	if err := s.store.Release(r.Context(), store.Operator{Who: who, Why: r.URL.Query().Get("why")}); err != nil {
		s.failure(w, http.StatusServiceUnavailable, "unavailable", "%s", err)
		return
	}
	s.success(w, nil)
}
