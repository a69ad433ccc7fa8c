// Package promserver runs a Prometheus server on this machine that scrapes a list of addresses: for the lab and for
// tests that must not fake it.
//
// [StartEmbedded] runs Prometheus's own parts (storage, scrape manager, query engine, HTTP API) inside this process, and
// needs nothing but Go. [StartProcess] runs the prometheus binary that is on the PATH. Both speak the same HTTP API at
// [Server.URL], keep their data in a folder of the caller's, and scrape the same way.
package promserver
