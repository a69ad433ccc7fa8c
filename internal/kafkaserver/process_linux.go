package kafkaserver

import "syscall"

// dieWithParent makes the kernel end the server when this process dies without having stopped it, as a test
// that runs into its timeout does.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
