// Package deploy has what runs Veltrix elsewhere, and the tests that hold it to what the programs accept.
//
// docker-compose.yml in the root of the repository, with its files in compose, is a whole stack on one machine; the folder
// kubernetes has the engine with Veltrix as a sidecar. The package itself has tests alone. They need no container engine: each
// service's very command, environment and files are run as a process of this machine, with addresses and paths in their place.
package deploy
