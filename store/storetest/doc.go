// Package storetest is the conformance suite of the store: what every implementation must do, told as stories. The
// store on etcd and its twin in memory both pass it, so that a test on the twin says something of etcd.
package storetest
