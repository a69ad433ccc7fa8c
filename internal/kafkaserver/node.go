package kafkaserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Node is one server of a cluster.
type Node struct {
	// ID is the node's id, from 1.
	ID int

	cluster              *Cluster
	port, controllerPort int

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process of cmd is gone
}

// Addr returns the node's address for clients. It stays the same over restarts.
func (n *Node) Addr() string { return fmt.Sprintf("127.0.0.1:%d", n.port) }

// Pid returns the process id, or 0 if the node doesn't run.
func (n *Node) Pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return 0
	}
	return n.cmd.Process.Pid
}

// Running says whether the node's process is there.
func (n *Node) Running() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// Start starts a stopped or killed node on its former ports and data, and waits until it answers.
func (n *Node) Start(ctx context.Context) error {
	if n.Running() {
		return nil
	}
	if err := n.launch(); err != nil {
		return err
	}
	return n.cluster.WaitReady(ctx)
}

// stopWithin bounds a polite stop: a controlled shutdown may wait for other nodes that are gone.
const stopWithin = 20 * time.Second

// Stop asks the node to shut down, and kills it if it hasn't after 20 s. It does nothing to a node that doesn't run.
func (n *Node) Stop() error {
	exited, err := n.signal(syscall.SIGTERM)
	if err != nil || exited == nil {
		return err
	}
	select {
	case <-exited:
		return nil
	case <-time.After(stopWithin):
		return n.Kill()
	}
}

// Kill ends the node as a power failure would (SIGKILL), and waits until it is gone.
func (n *Node) Kill() error {
	exited, err := n.signal(syscall.SIGKILL)
	if err != nil || exited == nil {
		return err
	}
	<-exited
	return nil
}

// Pause stops the node's process where it is (SIGSTOP); its connections stay open. Resume lets it go on.
func (n *Node) Pause() error {
	_, err := n.signal(syscall.SIGSTOP)
	return err
}

// Resume lets a paused node go on.
func (n *Node) Resume() error {
	_, err := n.signal(syscall.SIGCONT)
	return err
}

// Slow pauses the node for stopped of every period until ctx ends, and leaves it running: a broker that gets
// 1 - stopped/period of its time. It blocks.
func (n *Node) Slow(ctx context.Context, stopped, period time.Duration) error {
	for ctx.Err() == nil {
		if err := n.Pause(); err != nil {
			return errors.Join(err, n.Resume())
		}
		sleep(ctx, stopped)
		if err := n.Resume(); err != nil {
			return err
		}
		sleep(ctx, period-stopped)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// signal sends sig and returns the channel that closes when the process is gone; nil if it doesn't run.
func (n *Node) signal(sig syscall.Signal) (<-chan struct{}, error) {
	if !n.Running() {
		return nil, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return nil, fmt.Errorf("send %s to Kafka node %d: %w", sig, n.ID, err)
	}
	if sig == syscall.SIGTERM { // a paused process would not get to see it
		_ = n.cmd.Process.Signal(syscall.SIGCONT)
	}
	return n.exited, nil
}

func (n *Node) dir() string {
	return filepath.Join(n.cluster.options.Dir, fmt.Sprintf("node-%d", n.ID))
}
func (n *Node) dataDir() string { return filepath.Join(n.dir(), "data") }
func (n *Node) logFile() string { return filepath.Join(n.dir(), "server.log") }
func (n *Node) config() string  { return filepath.Join(n.dir(), "server.properties") }
func (n *Node) logging() string { return filepath.Join(n.dir(), "log4j2.properties") }

// format writes the node's configuration and formats its storage for the cluster called id.
func (n *Node) format(ctx context.Context, id string) error {
	if err := mkdir(n.dataDir()); err != nil {
		return err
	}
	for path, text := range map[string]string{n.config(): n.cluster.properties(n), n.logging(): logging} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("configure Kafka node %d: %w", n.ID, err)
		}
	}
	args := append(n.java(128), "kafka.tools.StorageTool", "format", "-t", id, "-c", n.config())
	if out, err := exec.CommandContext(ctx, "java", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("format the storage of Kafka node %d: %w\n%s", n.ID, err, out)
	}
	return nil
}

// java returns the arguments of the Java machine before the class.
func (n *Node) java(heapMB int) []string {
	return []string{
		fmt.Sprintf("-Xmx%dm", heapMB), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4",
		"-Dlog4j2.configurationFile=" + n.logging(),
		"-cp", filepath.Join(n.cluster.jars, "*"),
	}
}

// launch starts the process and the goroutine that waits for its end.
func (n *Node) launch() error {
	out, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of Kafka node %d: %w", n.ID, err)
	}
	defer out.Close() // the process has its own descriptor
	args := append(n.java(n.cluster.options.HeapMB), "kafka.Kafka", n.config())
	cmd := exec.Command("java", args...) //nolint:noctx // the node outlives the call; Stop and Kill end it
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start Kafka node %d: %w", n.ID, err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmd, n.exited = cmd, exited
	return nil
}

// diedEarly returns the reason, from the log, if the node was started and its process is gone.
func (n *Node) diedEarly() error {
	n.mu.Lock()
	cmd, exited := n.cmd, n.exited
	n.mu.Unlock()
	if cmd == nil {
		return nil
	}
	select {
	case <-exited:
		return fmt.Errorf("kafka node %d ended (%s); the end of its log:\n%s", n.ID, cmd.ProcessState, n.logTail())
	default:
		return nil
	}
}

// logTail returns the last few kilobytes of the server's log.
func (n *Node) logTail() string {
	const tail = 4 << 10
	b, err := os.ReadFile(n.logFile())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b[max(0, len(b)-tail):]))
}
