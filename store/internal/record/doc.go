// Package record is what both stores share and neither does alone: how the stored values are encoded and bounded, what
// an operator's write makes of the present document, how former documents are found in the journal, and in which order
// a watcher may see documents. It is pure: no clock, no I/O.
package record
