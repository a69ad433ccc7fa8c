package lab

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/veltrix/veltrix/internal/promserver"
)

// scrapeInterval is short, because a demonstration should not spend its time waiting for samples.
const scrapeInterval = time.Second

// Prometheus is a server that the lab uses.
type Prometheus struct {
	// What names it for people, URL is the base of its HTTP API.
	What, URL string

	stop func() error
}

// Stop stops what the lab started.
func (p *Prometheus) Stop() error {
	if p.stop == nil {
		return nil
	}
	return p.stop()
}

// StartPrometheus makes a server available that scrapes jobs: "embedded" runs inside this process, "real" is the
// prometheus binary with its data in dir, and anything else is the URL of one that runs already and that scrapes the
// addresses in jobs by itself.
func StartPrometheus(ctx context.Context, which string, jobs map[string][]string, dir string) (*Prometheus, error) {
	if strings.HasPrefix(which, "http://") || strings.HasPrefix(which, "https://") {
		return &Prometheus{What: "Prometheus at " + which, URL: strings.TrimSuffix(which, "/")}, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for Prometheus's data: %w", err)
	}
	o := promserver.Options{Dir: dir, Interval: scrapeInterval, Jobs: jobs}
	switch which {
	case "embedded":
		s, err := promserver.StartEmbedded(o)
		if err != nil {
			return nil, err
		}
		return &Prometheus{What: "Prometheus inside this process", URL: s.URL, stop: s.Stop}, nil
	case "real":
		s, err := promserver.StartProcess(ctx, o)
		if err != nil {
			return nil, err
		}
		return &Prometheus{What: "the prometheus binary", URL: s.URL, stop: s.Stop}, nil
	}
	return nil, fmt.Errorf("--prometheus %q is neither embedded, nor real, nor a URL", which)
}
