package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// statusDecisions is the number of decisions that status shows.
const statusDecisions = 5

func statusCommand() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "status --app NAME",
		Short: "Show what the loop does for an application",
		Long: `Show what the loop does for an application: who decides, what is tuned, the trial that
runs, an operator's hold, what each instance runs, and the last changes with their
reasons.`,
		Example: `  veltrixctl status --app hunt-engine
  veltrixctl status --app hunt-engine --etcd.endpoints http://etcd:2379 --output json`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return c.validate() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s status
			err := c.with(cmd.Context(), func(ctx context.Context, from *store.Store) (err error) {
				s, err = readStatus(ctx, from, c.store.App)
				return err
			})
			if err != nil {
				return err
			}
			return c.show(cmd.OutOrStdout(), s, s.text)
		},
	}
	c.flags(cmd)
	return cmd
}

// status is what the command shows; its JSON is for machines.
type status struct {
	App       string            `json:"app"`
	Leader    string            `json:"leader,omitempty"`
	Document  settings.Document `json:"document"`
	Problem   string            `json:"problem,omitempty"`
	Trial     *tuner.Trial      `json:"trial,omitempty"`
	Hold      *tuner.Hold       `json:"hold,omitempty"`
	Instances []instanceStatus  `json:"instances"`
	Decisions []tuner.Decision  `json:"decisions"`
}

// instanceStatus is an instance's report with what the command makes of it.
type instanceStatus struct {
	settings.Report
	// UpToDate says that the instance runs the stored document, or its own configuration where there is none.
	UpToDate bool `json:"up_to_date"`
}

// instancesOf judges the reports. One that is ahead of the snapshot was only quicker than this command.
func instancesOf(reports []settings.Report, snapshot store.Snapshot) []instanceStatus {
	want := snapshot.Document.Generation
	all := make([]instanceStatus, 0, len(reports))
	for _, r := range reports {
		current := r.Generation == want || want > 0 && r.Generation > want
		all = append(all, instanceStatus{r, snapshot.DocumentErr == nil && r.Refusal == nil && current})
	}
	return all
}

func readStatus(ctx context.Context, s *store.Store, app string) (status, error) {
	snapshot, err := s.Read(ctx)
	if err != nil {
		return status{}, err
	}
	out := status{App: app, Document: snapshot.Document, Trial: snapshot.State.Trial, Hold: snapshot.Hold}
	if err := errors.Join(snapshot.DocumentErr, snapshot.StateErr); err != nil {
		out.Problem = err.Error()
	}
	if out.Leader, err = s.Leader(ctx); err != nil {
		return status{}, err
	}
	reports, err := s.Instances(ctx)
	if err != nil {
		return status{}, err
	}
	out.Instances = instancesOf(reports, snapshot)
	out.Decisions, err = s.Journal(ctx, store.Page{Limit: statusDecisions})
	return out, err
}
