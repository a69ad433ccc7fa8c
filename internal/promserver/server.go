package promserver

import (
	"fmt"
	"strings"
	"time"
)

// Options says what to scrape.
type Options struct {
	// Dir is where the data goes; it must exist.
	Dir string
	// Interval is the scrape interval; 1 s if 0. A scrape's timeout is the same.
	Interval time.Duration
	// Jobs are the addresses (host:port, path /metrics) by the name of the job.
	Jobs map[string][]string
}

// Server is a running Prometheus.
type Server struct {
	// URL is the base of its HTTP API, without a slash at the end.
	URL  string
	stop func() error
}

// Stop stops the server and waits for it. It is to be called once.
func (s *Server) Stop() error { return s.stop() }

func (o Options) withDefaults() Options {
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	return o
}

// config returns prometheus.yml. Targets stand in it only if static says so: the embedded server gets them directly.
func (o Options) config(static bool) string {
	var b strings.Builder
	ms := fmt.Sprintf("%dms", o.Interval.Milliseconds())
	fmt.Fprintf(&b, "global:\n  scrape_interval: %s\n  scrape_timeout: %s\n  evaluation_interval: 1m\nscrape_configs:\n", ms, ms)
	for _, job := range sortedKeys(o.Jobs) {
		fmt.Fprintf(&b, "- job_name: %q\n", job)
		if static {
			fmt.Fprintf(&b, "  static_configs:\n  - targets: [%q]\n", o.Jobs[job][0])
			for _, t := range o.Jobs[job][1:] {
				fmt.Fprintf(&b, "  - targets: [%q]\n", t)
			}
		}
	}
	return b.String()
}
