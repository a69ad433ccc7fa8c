// Package settings is the vocabulary that every part of Veltrix shares: which settings of a Kafka client may be
// tuned, within which bounds, and how they travel from the sidecar to a client.
//
// [All] is the only place that knows a setting. Everything else (validation, step sizes, JSON Schema, the table in
// the documentation, what a client applies and when) is derived from its rows, so that a new setting is one new row.
//
// A [Document] is what etcd holds for an application: an overlay with only the settings that were tuned. A missing
// key means the application's own value, never zero.
//
// The package imports the standard library only, owns no clock and does no I/O. Its values are immutable by
// convention: methods that change something return a copy. All functions are safe for concurrent use.
package settings

//go:generate go run ./internal/generate
