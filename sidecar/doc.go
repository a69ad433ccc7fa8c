// Package sidecar is the control loop: it asks Prometheus, evaluates the rules, lets the tuner decide, writes to etcd, and
// says what it did and why. It owns the clock and the I/O; what to do is decided by the packages rules and tuner.
//
// One tick reads as verbs: read, measure, evaluate, decide, commit, report. There is never more than one at a time, and one
// that comes late is skipped and counted. Only the elected leader of an application ticks and writes; the others follow,
// ready to go on with the trial at hand, which is in etcd. In shadow a sidecar ticks without being elected, keeps its state in
// memory and reaches no write.
//
// Whatever is in doubt, nothing is written: Prometheus away or lying, etcd away, a document or state that can't be read, a
// conflict, lost leadership. The next tick begins anew from what is stored, so nothing needs a restart to recover.
//
// A [Sidecar] is one loop for one application. Several can run in one process, each with its own registry.
//
//go:generate go run ./internal/generate
package sidecar
