package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

// firstListWithin is how long a watch waits for etcd's first answer before it takes the cached document: long enough
// for a cluster that elects its leader, short beside what an application does in its first seconds without settings.
const firstListWithin = time.Second

// Watch calls apply with the present document, and then with each newer one, one call at a time, until ctx ends; it
// returns nil then. A document that can't be read comes as Update.Err and doesn't end the watch; a deleted one comes as
// the zero Update. Never does an older generation come after a newer one: what the watch missed, gets twice or late is
// put right by its revision and by a full read at least every [Options.RelistEvery].
//
// While etcd is away, Watch tries again and logs it. If etcd has never answered this call, the cached document comes
// first, where there is one.
func (s *Store) Watch(ctx context.Context, apply func(settings.Update)) error {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	w := &watch{store: s, apply: apply, sequence: record.Sequence{App: s.opts.App}, logger: s.logger.With(zap.String("key", s.keys.settings()))}
	w.run(ctx)
	return done()
}

// watch is one call of Watch.
type watch struct {
	store    *Store
	apply    func(settings.Update)
	sequence record.Sequence
	logger   *zap.Logger
	pause    pause
	// answered says that etcd has answered once; lost that it doesn't at present.
	answered, lost bool
}

// run lists and follows until ctx ends. Whatever ends following, a list comes next: it alone shows what was missed.
func (w *watch) run(ctx context.Context) {
	for ctx.Err() == nil {
		revision, err := w.list(ctx)
		if err == nil {
			w.found()
			err = w.follow(ctx, revision+1)
		}
		if err != nil && ctx.Err() == nil {
			w.missed(err)
			w.pause.wait(ctx)
		}
	}
}

// list reads the document, delivers it if it is news, and returns the revision of the read.
func (w *watch) list(ctx context.Context) (revision int64, err error) {
	if !w.answered {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.patience())
		defer cancel()
	}
	resp, err := w.store.get(ctx, "list", w.store.keys.settings(), clientv3.OpGet(w.store.keys.settings()))
	if err != nil {
		return 0, err
	}
	kv := only(resp, 0)
	revision = resp.Header.GetRevision()
	w.deliver(w.sequence.Listed(record.State{
		Revision: revision, Created: kv.GetCreateRevision(), Modified: kv.GetModRevision(), Value: kv.GetValue(),
	}))
	return revision, nil
}

// patience is short only for the very first list.
func (w *watch) patience() time.Duration {
	if w.lost {
		return w.store.opts.RequestTimeout
	}
	return min(firstListWithin, w.store.opts.RequestTimeout)
}

// follow delivers events from the revision on, until the next list is due, with a nil error, or the watch fails. A
// revision that was compacted away is no failure: the next list is simply due at once.
func (w *watch) follow(ctx context.Context, revision int64) error {
	client, err := w.store.conn.get(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, jitter(w.store.opts.RelistEvery))
	defer cancel()
	// Without a required leader, a member that is cut off from its cluster would keep the watch for ever, silent.
	for resp := range client.Watch(clientv3.WithRequireLeader(ctx), w.store.keys.settings(), clientv3.WithRev(revision)) {
		if err := resp.Err(); err != nil {
			if errors.Is(err, rpctypes.ErrCompacted) {
				return nil
			}
			return err
		}
		w.events(resp.Events)
	}
	if ctx.Err() == nil {
		return errors.New("etcd ended the watch")
	}
	return nil
}

// events delivers the last event only: those before it are out of date already.
func (w *watch) events(events []*clientv3.Event) {
	if len(events) == 0 {
		return
	}
	last := events[len(events)-1]
	state := record.State{Revision: last.Kv.GetModRevision()}
	if last.Type == clientv3.EventTypePut {
		state.Created, state.Modified, state.Value = last.Kv.GetCreateRevision(), last.Kv.GetModRevision(), last.Kv.GetValue()
	}
	w.deliver(w.sequence.Event(state))
}

// deliver applies updates, and then keeps the last document for a start while etcd is away. A complaint leaves the one
// before.
func (w *watch) deliver(updates []settings.Update) {
	for _, u := range updates {
		if u.Err != nil {
			w.logger.Warn("the stored settings are refused; clients keep what they have", zap.Error(u.Err))
		}
		w.apply(u)
	}
	if w.store.opts.CacheFile == "" || len(updates) == 0 || updates[len(updates)-1].Err != nil {
		return
	}
	if err := writeCache(w.store.opts.CacheFile, updates[len(updates)-1].Document); err != nil {
		w.logger.Warn("the settings are not cached", zap.Error(err))
	}
}

func (w *watch) found() {
	if w.lost {
		w.logger.Info("etcd answers again; the watch goes on")
	}
	w.answered, w.lost = true, false
	w.pause.reset()
}

// missed notes that etcd doesn't answer: once for the log, and with the cached document if it has never answered.
func (w *watch) missed(err error) {
	if w.lost {
		return
	}
	w.lost = true
	w.logger.Warn("the watch has lost etcd and tries again", zap.Error(err))
	if !w.answered {
		w.useCache()
	}
}

func (w *watch) useCache() {
	file := w.store.opts.CacheFile
	if file == "" {
		return
	}
	d, err := readCache(file, w.store.opts.App)
	switch {
	case err != nil:
		w.logger.Warn("the cached settings are passed over", zap.Error(err))
	case d.Generation > 0:
		w.logger.Info("the cached settings are used until etcd answers", zap.String("file", file), zap.Int64("generation", d.Generation))
		w.apply(w.sequence.Cached(d))
	}
}
