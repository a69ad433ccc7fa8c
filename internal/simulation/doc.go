// Package simulation holds the tuner to its promises: a seeded plant of producers and a broker, days of load of several
// shapes, noise, lost scrapes and late acknowledgements, and the real [tuner.Decide] in virtual time. A day takes a
// fraction of a second.
//
// The plant is a model, not Kafka. A partition with one request in flight is a customer that cycles between lingering
// and the broker, so that the request time follows from mean-value analysis of a closed network (Schweitzer's
// approximation); its requests a second are within a fifth of those that were measured for lingers of 5 ms and more.
// The signals are the conditions and targets of rules/packs/kafka-producer.yml in Go, because evaluating PromQL for 17 280
// ticks would take minutes; a test runs the packs themselves, by package packs, and holds the signals against them. The pack
// has no optimising rule: the one here is the simulation's own.
package simulation

//go:generate go run ./publish -to ../../docs
