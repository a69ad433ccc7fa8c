// Package packs lets the simulation run the shipped rules as the sidecar does: what a scrape of the plant sees becomes the
// live client's series in an in-memory Prometheus, and the real expressions are asked of it at every tick. That costs
// milliseconds a tick, where the simulation's own signals cost microseconds: ten thousand plants run with those, and the
// tests hold them against the packs.
//
// The series are one topic's, of three instances that share its partitions. Histograms are those of a lognormal distribution
// with the plant's mean and 99th percentile, in the live client's buckets.
package packs
