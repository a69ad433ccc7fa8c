// Package stock puts kafka-go's own Writer and Reader under the treasure hunt engine, at their defaults, so that they can be
// compared with the live client in the same service. It is for measurements only.
//
// What is not at its default is what the engine can't do without: records of a key go to one partition
// ([kafka.Murmur2Balancer]), and a write is acknowledged by all replicas, as [kafka.NewWriter] has it. Records that have
// arrived already are handled together, which a plain loop of FetchMessage and CommitMessages would not do. Topics, their
// settings and what the engine rebuilds its state with are as they are under the live client.
package stock
