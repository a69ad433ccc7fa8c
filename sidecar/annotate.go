package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/tuner"
)

const (
	// annotationTimeout bounds one request to Grafana.
	annotationTimeout = 5 * time.Second
	// annotationsWaiting is how many changes may wait for Grafana; further ones are dropped and counted.
	annotationsWaiting = 16
)

// annotator tells Grafana of each change. Nothing that goes wrong there reaches the loop.
type annotator struct {
	client  *http.Client
	url     string
	tags    []string
	changes chan tuner.Decision
	log     *zap.Logger
	metrics *metrics
}

// newAnnotator returns nil if no Grafana is configured. It doesn't connect.
func newAnnotator(c GrafanaConfig, app string, log *zap.Logger, m *metrics) (*annotator, error) {
	if c.URL == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	rt, err := promconfig.NewRoundTripperFromConfig(c.HTTP, "veltrix-grafana")
	if err != nil {
		return nil, fmt.Errorf("configure the client of Grafana at %s: %w", c.URL, err)
	}
	return &annotator{
		client: &http.Client{Transport: rt, Timeout: annotationTimeout}, url: strings.TrimSuffix(c.URL, "/") + "/api/annotations",
		tags: append([]string{"veltrix", app}, c.Tags...), changes: make(chan tuner.Decision, annotationsWaiting), log: log, metrics: m,
	}, nil
}

// tell queues a change; it never blocks.
func (a *annotator) tell(d tuner.Decision) {
	if a == nil {
		return
	}
	select {
	case a.changes <- d:
	default:
		a.metrics.annotations.WithLabelValues("dropped").Inc()
	}
}

// run sends what is queued until ctx ends.
func (a *annotator) run(ctx context.Context) {
	if a == nil {
		return
	}
	defer a.client.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-a.changes:
			outcome := "sent"
			if err := a.send(ctx, d); err != nil {
				outcome = "failed"
				a.log.Warn("Grafana did not take an annotation; the loop goes on without", zap.String("decision", d.ID), zap.Error(err))
			}
			a.metrics.annotations.WithLabelValues(outcome).Inc()
		}
	}
}

// send posts one annotation, as Grafana's HTTP API wants it.
func (a *annotator) send(ctx context.Context, d tuner.Decision) error {
	body, err := json.Marshal(map[string]any{"time": d.Time.UnixMilli(), "tags": append(a.tags, string(d.Reason)), "text": d.String()})
	if err != nil {
		return fmt.Errorf("encode the annotation: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post to %s: %w", a.url, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 512))
	err = errors.Join(err, resp.Body.Close())
	if resp.StatusCode/100 != 2 {
		return errors.Join(fmt.Errorf("post to %s: %s: %s; check the address and the token", a.url, resp.Status, bytes.TrimSpace(answer)), err)
	}
	return nil
}
