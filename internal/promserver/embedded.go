package promserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/web"
	"golang.org/x/sync/errgroup"
)

// Limits of the embedded query engine: a lab's data are small, and a query that needs more is a mistake.
const (
	maxSamples   = 5_000_000
	queryTimeout = 30 * time.Second
)

// localStorage is the TSDB with the three methods that the HTTP API asks for beside it.
type localStorage struct{ *tsdb.DB }

func (l localStorage) Stats(label string, limit int) (*tsdb.Stats, error) {
	return l.Head().Stats(label, limit), nil
}

func (l localStorage) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return tsdb.WALReplayStatus{}, nil
}

func (l localStorage) BlockMetas() ([]tsdb.BlockMeta, error) { return l.DB.BlockMetas(), nil }

// StartEmbedded starts Prometheus inside this process on a free port of the loopback interface. Scraping begins at once.
func StartEmbedded(o Options) (*Server, error) {
	o = o.withDefaults()
	logger := slog.New(slog.DiscardHandler)
	cfg, err := config.Load(o.config(false), logger)
	if err != nil {
		return nil, fmt.Errorf("configure the embedded Prometheus: %w", err)
	}
	db, err := tsdb.Open(filepath.Join(o.Dir, "tsdb"), logger, nil, storageOptions(), nil)
	if err != nil {
		return nil, fmt.Errorf("open the embedded Prometheus's storage: %w", err)
	}
	scraper, err := newScraper(cfg, db, logger)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the embedded Prometheus: %w", err), db.Close())
	}
	handler, err := newHandler(cfg, db, scraper, listener.Addr(), logger)
	if err != nil {
		return nil, errors.Join(err, db.Close(), listener.Close())
	}
	return run(o, db, scraper, handler, listener), nil
}

func storageOptions() *tsdb.Options {
	o := tsdb.DefaultOptions()
	o.RetentionDuration = (24 * time.Hour).Milliseconds()
	o.NoLockfile = true
	return o
}

func newScraper(cfg *config.Config, db *tsdb.DB, logger *slog.Logger) (*scrape.Manager, error) {
	m, err := scrape.NewManager(&scrape.Options{DiscoveryReloadOnStartup: true}, logger, nil, nil, db, prometheus.NewRegistry())
	if err != nil {
		return nil, fmt.Errorf("make the embedded Prometheus's scraper: %w", err)
	}
	if err := m.ApplyConfig(cfg); err != nil {
		return nil, fmt.Errorf("configure the embedded Prometheus's scraper: %w", err)
	}
	return m, nil
}

func newHandler(cfg *config.Config, db *tsdb.DB, scraper *scrape.Manager, addr net.Addr, logger *slog.Logger) (*web.Handler, error) {
	registry := prometheus.NewRegistry()
	promql := parser.NewParser(parser.Options{})
	engine := newEngine(promql, logger)
	storage := localStorage{db}
	h := web.New(logger, &web.Options{
		Context:      context.Background(),
		LocalStorage: storage, Storage: storage, ExemplarStorage: db, TSDBDir: db.Dir(),
		QueryEngine: engine, QueryTimeout: queryTimeout, Parser: promql,
		ScrapeManager:   scraper,
		RuleManager:     rules.NewManager(&rules.ManagerOptions{Context: context.Background(), Logger: logger, Registerer: registry}),
		Notifier:        notifier.NewManager(&notifier.Options{Registerer: registry}, model.UTF8Validation, logger),
		Version:         &web.PrometheusVersion{Version: "embedded"},
		ListenAddresses: []string{addr.String()}, ExternalURL: &url.URL{Scheme: "http", Host: addr.String()}, RoutePrefix: "/",
		Gatherer: registry, Registerer: registry, ReadTimeout: time.Minute, MaxConnections: 64,
	})
	if err := h.ApplyConfig(cfg); err != nil {
		return nil, fmt.Errorf("configure the embedded Prometheus's API: %w", err)
	}
	h.SetReady(web.Ready)
	return h, nil
}

func newEngine(p parser.Parser, logger *slog.Logger) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger: logger, MaxSamples: maxSamples, Timeout: queryTimeout, Parser: p,
		EnableAtModifier: true, EnableNegativeOffset: true,
	})
}

// run starts the two goroutines and returns the server that stops them.
func run(o Options, db *tsdb.DB, scraper *scrape.Manager, handler *web.Handler, listener net.Listener) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	targets := make(chan map[string][]*targetgroup.Group, 1)
	targets <- o.targets()
	var group errgroup.Group
	group.Go(func() error { return scraper.Run(targets) })
	group.Go(func() error {
		err := handler.Run(ctx, []net.Listener{listener}, "")
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
	return &Server{
		URL: "http://" + listener.Addr().String(),
		stop: func() error {
			scraper.Stop()
			cancel()
			return errors.Join(group.Wait(), db.Close())
		},
	}
}

func (o Options) targets() map[string][]*targetgroup.Group {
	groups := make(map[string][]*targetgroup.Group, len(o.Jobs))
	for job, addrs := range o.Jobs {
		g := &targetgroup.Group{Source: job}
		for _, a := range addrs {
			g.Targets = append(g.Targets, model.LabelSet{model.AddressLabel: model.LabelValue(a)})
		}
		groups[job] = []*targetgroup.Group{g}
	}
	return groups
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
