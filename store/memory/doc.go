// Package memory is the twin of the store without a network, for tests and for running the loop on one's desk. It holds
// one application, behaves as the store on etcd does (one conformance suite proves both), and has levers for what can
// go wrong: writes by strangers, leases that end, a server that is away.
//
// It starts no goroutine and blocks only on channels, so that it works within a testing/synctest bubble.
package memory
