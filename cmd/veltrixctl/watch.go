package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// watchEvery is how often the journal is looked at for what changes no document: holds and releases.
const watchEvery = 2 * time.Second

func watchCommand() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "watch --app NAME",
		Short: "Follow what is changed, until interrupted",
		Long: `Follow what is changed for an application, by the loop and by people, each as one line (or
one JSON object) with its reason, until interrupted. It begins with the newest change.`,
		Example: `  veltrixctl watch --app hunt-engine
  veltrixctl watch --app hunt-engine --output json | jq .steps`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := c.store
			o.DialTimeout, o.RequestTimeout = c.timeout, c.timeout
			s, err := store.Open(cmd.Context(), o)
			if err != nil {
				return err
			}
			w := watcher{store: s, out: cmd.OutOrStdout(), json: c.output == "json"}
			err = w.run(cmd.Context())
			if cmd.Context().Err() != nil {
				err = nil // interrupted, as asked
			}
			return errors.Join(err, s.Close())
		},
	}
	c.flags(cmd)
	return cmd
}

// watcher shows the journal's entries as they come.
type watcher struct {
	store *store.Store
	out   io.Writer
	json  bool
	last  string // the newest entry shown
}

// run looks into the journal whenever the document changes, and now and then, until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := make(chan struct{}, 1)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		_ = w.store.Watch(ctx, func(settings.Update) { // it only hurries the look into the journal
			select {
			case changed <- struct{}{}:
			default:
			}
		})
	})
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	for {
		if err := w.look(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-ticks.C:
		}
	}
}

// look shows the entries that came since the last look, oldest first; at the first one the newest alone.
func (w *watcher) look(ctx context.Context) error {
	page := store.Page{Limit: mostHistory}
	if w.last == "" {
		page.Limit = 1
	}
	decisions, err := w.store.Journal(ctx, page)
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(decisions) {
		if d.ID <= w.last {
			continue
		}
		if err := w.show(d); err != nil {
			return err
		}
		w.last = d.ID
	}
	return nil
}

func (w *watcher) show(d tuner.Decision) error {
	if w.json {
		return json.NewEncoder(w.out).Encode(d)
	}
	_, err := fmt.Fprintf(w.out, "%s  generation %d: %s\n", clock(d.Time), d.NextGeneration, oneLine(d.String()))
	return err
}
