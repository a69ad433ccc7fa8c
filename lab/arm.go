package lab

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/settings"
)

// Arm is one way to run the engines.
type Arm struct {
	// Name is what the result calls it.
	Name string
	// Client makes the engines' Kafka clients; the live ones if nil.
	Client engine.Client
	// Own are the settings that the engines begin with.
	Own settings.Values
	// Loop says whether the sidecar runs.
	Loop bool
}

// play runs one arm through the phases, on a Kafka that is shared with other arms, or on its own if shared is nil.
func play(ctx context.Context, o DemoOptions, arm Arm, shared *Kafka) (Result, error) {
	dir, remove, err := workDir(o.Dir)
	if err != nil {
		return Result{}, err
	}
	defer remove()
	progress := NewProgress(o.Out)
	progress.Say("starting Kafka (%s), Prometheus (%s), etcd (%s), two engines and the sidecar …", o.Kafka, o.Prometheus, o.Etcd)
	r, err := startRig(ctx, rigOptions{
		Kafka: o.Kafka, Prometheus: o.Prometheus, Etcd: o.Etcd, shared: shared, client: arm.Client,
		service: fakeBroker(), own: arm.Own, engines: 2, dir: dir, p99: o.P99, logger: zap.NewNop(),
	})
	if err != nil {
		return Result{}, err
	}
	d := &demo{options: o, arm: arm, rig: r, progress: progress, phases: o.Phases, ledger: NewLedger()}
	result, err := d.run(ctx)
	if err == nil && o.Keep {
		err = d.keep(ctx)
	}
	return result, errors.Join(err, r.stop())
}

// keep leaves everything running until ctx ends.
func (d *demo) keep(ctx context.Context) error {
	d.progress.Say("everything goes on running until you interrupt it (Ctrl-C):\n%s", d.where())
	select {
	case <-ctx.Done():
		return nil
	case <-d.rig.runCtx.Done():
		return errors.New("a part of the loop ended by itself")
	}
}

// workDir returns dir, or a temporary folder if it is empty, and how to remove that.
func workDir(dir string) (string, func(), error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", nil, fmt.Errorf("make the folder for the run: %w", err)
		}
		return dir, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "veltrix-lab-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
