// Package etcdtest runs etcd's own server inside a test, on free ports of the loopback interface, with what can happen
// to one: it stops and comes back with its data, its history is compacted, a client's network is cut.
package etcdtest
