package engine

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// keepEvery is how often the keeper looks whether a snapshot is due.
const keepEvery = time.Second

// keeper makes the snapshots of the partitions that this instance's referee owns. It makes a new one of the former one and the
// events since, apart from referee and view: neither waits for it, and a snapshot is of nothing but what is in the log.
type keeper struct {
	archive *archive
	every   int64
	owned   func() []int
	// position returns the offset that the view has reached in a partition.
	position func(partition int) int64
	log      *zap.Logger

	// last are the offsets of the newest known snapshots, by partition. Only run uses them.
	last map[int]int64
}

func newKeeper(a *archive, r *referee, v *view) *keeper {
	return &keeper{
		archive: a, every: int64(a.options.SnapshotEvery), owned: r.partitions, position: v.position,
		log: a.log.With(zap.String("part", "keeper")), last: map[int]int64{},
	}
}

// run makes snapshots when they are due, until ctx ends. One that fails is tried again after as many events more: without
// it a rebuild takes longer, and nothing else.
func (k *keeper) run(ctx context.Context) error {
	ticks := time.NewTicker(keepEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		for _, partition := range k.owned() {
			if at := k.position(partition); at-k.last[partition] >= k.every {
				k.keep(ctx, partition, at)
			}
		}
	}
}

// keep makes a snapshot, unless another instance has made one lately.
func (k *keeper) keep(ctx context.Context, partition int, at int64) {
	begin := time.Now()
	s, err := k.archive.rebuild(ctx, partition)
	k.last[partition] = s.from
	if err == nil {
		if s.next-s.from < k.every {
			return
		}
		err = k.archive.write(ctx, partition, s)
	}
	if err != nil {
		k.last[partition] = at
		if ctx.Err() == nil {
			k.log.Warn("a snapshot could not be made; a rebuild takes longer until the next one", zap.Int("partition", partition), zap.Error(err))
		}
		return
	}
	k.last[partition] = s.next
	k.log.Info("snapshot made", zap.Int("partition", partition), zap.Int64("next", s.next), zap.Duration("took", time.Since(begin)))
}
