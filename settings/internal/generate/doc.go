// Command generate writes what is derived from the table of settings: the JSON Schema of the document and the table in
// the documentation. `go generate ./settings` runs it; a test fails when a file is stale.
package main
