// Package dashboards makes the Grafana dashboards that ship with Veltrix: [Overview] for the loop, [KafkaClient] for the
// clients that it tunes. They are written here, generated into the folder Veltrix as classic JSON, which every Grafana since
// version 11 reads, and checked in: nobody needs Go to use them, and nobody edits the JSON.
//
// Beside them lie what Grafana and Prometheus need to use them: provisioning for Grafana, and alerts on the loop itself for
// Prometheus (alerts/veltrix.yml), with promtool's unit tests.
//
// Every change of a setting is drawn into every time series as an annotation. It comes from Prometheus alone: a dashboard
// shows it without a token for Grafana, and for the past as well.
package dashboards

//go:generate go run ./internal/generate
