package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/process"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store"
)

// What the lab's sidecar watches beside the latency, and how.
const (
	timeoutsPerS    = 0.5
	sidecarInterval = 2 * time.Second
	metricRange     = "10s"
)

// configText is the sidecar's configuration in the lab. It is written to a file and read back, as a user's is.
const configText = `app: {{.App}}
selector: '{job="{{.Job}}"}'
mode: {{.Mode}}
interval: {{.Interval}}
prometheus: {url: "{{.Prometheus}}"}
etcd: {endpoints: [{{.Etcd}}]}
rule_files:
- {pack: kafka-producer, range: {{.Range}}}
load: sum(rate(hunt_http_request_duration_seconds_count[{{.Range}}]))
objectives:
- name: claim-p99
  expr: histogram_quantile(0.99, sum by (le) (rate(hunt_http_request_duration_seconds_bucket{route="claims"}[{{.Range}}])))
  max: {{.P99}}
- name: timeouts
  expr: sum(rate(hunt_claims_total{outcome="timeout"}[{{.Range}}]))
  max: {{.Timeouts}}
bounds:
  producer.linger.ms: {min: 0, max: 1000}
`

// loopOptions says what the lab's sidecar watches.
type loopOptions struct {
	app        string
	prometheus string
	etcd       []string
	mode       string
	dir        string
	p99        time.Duration
	logger     *zap.Logger
}

// writeConfig writes the sidecar's configuration to a file and returns its path.
func (o loopOptions) writeConfig() (string, error) {
	var b bytes.Buffer
	quoted := make([]string, len(o.etcd))
	for i, e := range o.etcd {
		quoted[i] = fmt.Sprintf("%q", e)
	}
	err := template.Must(template.New("veltrix.yml").Parse(configText)).Execute(&b, map[string]any{
		"App": o.app, "Job": AppName, "Mode": o.mode, "Interval": sidecarInterval, "Prometheus": o.prometheus, "Etcd": strings.Join(quoted, ", "),
		"Range": metricRange, "P99": o.p99.Seconds(), "Timeouts": timeoutsPerS,
	})
	if err != nil {
		return "", fmt.Errorf("write the sidecar's configuration: %w", err)
	}
	file := filepath.Join(o.dir, "veltrix.yml")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("write the sidecar's configuration: %w", err)
	}
	return file, nil
}

// loop is the sidecar with its own connection to etcd and its own listener: as in a process of its own.
type loop struct {
	sidecar  *sidecar.Sidecar
	store    *store.Store
	listener net.Listener
}

// newLoop returns the sidecar, configured from the file that it has just written.
func newLoop(ctx context.Context, l net.Listener, o loopOptions) (*loop, error) {
	file, err := o.writeConfig()
	if err != nil {
		return nil, err
	}
	config, err := sidecar.LoadConfig(file)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{App: o.app, Endpoints: o.etcd, Logger: o.logger})
	if err != nil {
		return nil, err
	}
	car, err := sidecar.New(sidecar.Options{Config: config, ID: "lab", Store: s, Logger: o.logger})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &loop{sidecar: car, store: s, listener: l}, nil
}

// run runs the loop and its HTTP server until ctx ends.
func (l *loop) run(ctx context.Context) error {
	return process.Serve(ctx, l.listener, "", l.sidecar.Handler(), l.sidecar.Run)
}
