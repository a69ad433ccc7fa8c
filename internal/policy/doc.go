// Package policy holds the project's rules about imports, as tests: which package may import which, what the pure
// packages must not touch, and what the binaries must not link.
//
// The tables are statements of policy with a reason for every rule. A build that breaks one is to be changed, not the
// table; a change of the table is a change of the architecture and belongs into ARCHITECTURE.md as well.
package policy
