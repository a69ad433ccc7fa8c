package lab

import (
	"context"
	"fmt"
	"time"
)

// slowedBy is what a produce request costs a slowed broker more. Two engines that write commands and events to three
// partitions each ask with a short linger for more requests than the 120 a second that it then has the time for.
const slowedBy = 8 * time.Millisecond

// faults lets befall the broker what the phases say.
func (d *demo) faults(ctx context.Context) error {
	at := d.begin
	for _, p := range d.phases {
		end := at.Add(p.Duration)
		if p.Fault != "" && sleepUntil(ctx, at) {
			if err := d.fault(ctx, p.Fault, end); err != nil {
				return fmt.Errorf("phase %s: %w", p.Name, err)
			}
		}
		at = end
	}
	return nil
}

func (d *demo) fault(ctx context.Context, f Fault, end time.Time) error {
	switch f {
	case FaultSlow:
		d.progress.Say("       ✕ each produce request costs the broker %v more", slowedBy)
		if err := d.rig.kafka.Slow(slowedBy); err != nil {
			return err
		}
		sleepUntil(ctx, end)
		d.progress.Say("       ✓ the broker is as before")
		return d.rig.kafka.Slow(0)
	case FaultRestart:
		d.progress.Say("       ✕ the broker is restarted")
		return d.rig.kafka.Restart(ctx)
	}
	return nil
}
