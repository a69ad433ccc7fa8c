package promserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/veltrix/veltrix/internal/freeport"
)

// ErrNoBinary is returned by [StartProcess] and [Available] if there is no prometheus on the PATH.
var ErrNoBinary = errors.New("a real Prometheus needs the prometheus binary on the PATH (Debian: apt-get install prometheus)")

// Available returns nil if the prometheus binary is on the PATH, and else [ErrNoBinary].
func Available() error {
	if _, err := exec.LookPath("prometheus"); err != nil {
		return ErrNoBinary
	}
	return nil
}

const (
	readyWithin = time.Minute
	stopWithin  = 20 * time.Second
)

// StartProcess starts the prometheus binary on a free port of the loopback interface and waits until it is ready.
func StartProcess(ctx context.Context, o Options) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	file := filepath.Join(o.Dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(o.config(true)), 0o600); err != nil {
		return nil, fmt.Errorf("configure Prometheus: %w", err)
	}
	addr, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	p, err := launch(file, addr, o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://" + addr, stop: p.stop}
	if err := p.waitReady(ctx, s.URL); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// process is a running binary and the channel that closes when it is gone.
type process struct {
	cmd     *exec.Cmd
	logFile string
	exited  chan struct{}
}

func launch(config, addr, dir string) (*process, error) {
	p := &process{logFile: filepath.Join(dir, "prometheus.log"), exited: make(chan struct{})}
	out, err := os.Create(p.logFile)
	if err != nil {
		return nil, fmt.Errorf("open Prometheus's log: %w", err)
	}
	defer out.Close() // the process has its own descriptor
	//nolint:noctx // the server outlives the call; stop ends it
	p.cmd = exec.Command("prometheus",
		"--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address="+addr)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Prometheus: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log
		close(p.exited)
	}()
	return p, nil
}

func (p *process) waitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/-/ready", nil)
		if err != nil {
			return fmt.Errorf("ask Prometheus whether it is ready: %w", err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			log, _ := os.ReadFile(p.logFile)
			return fmt.Errorf("prometheus ended (%s); its log:\n%s", p.cmd.ProcessState, log)
		case <-ctx.Done():
			return fmt.Errorf("wait for Prometheus at %s: %w; its log is %s", url, ctx.Err(), p.logFile)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop Prometheus: %w", err)
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopWithin):
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill Prometheus: %w", err)
	}
	<-p.exited
	return nil
}
