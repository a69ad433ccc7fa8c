package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.RFC3339)
}

// text writes the status for people.
func (s status) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "application\t%s\n", s.App)
	fmt.Fprintf(w, "leader\t%s\n", cmp.Or(s.Leader, "none: no sidecar decides"))
	s.document(w)
	if s.Problem != "" {
		fmt.Fprintf(w, "problem\t%s\n", oneLine(s.Problem))
	}
	s.trial(w)
	s.hold(w)
	s.instances(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return s.decisions(out)
}

func (s status) document(w io.Writer) {
	if s.Document.Generation == 0 {
		fmt.Fprintf(w, "document\tnone: every client runs its own configuration\n")
		return
	}
	fmt.Fprintf(w, "document\tgeneration %d of %s: %s\n", s.Document.Generation, clock(s.Document.Time), oneLine(s.Document.Reason))
	for _, name := range s.Document.Settings.Names() {
		row, _ := settings.Lookup(name) // Names returns only what the table has
		fmt.Fprintf(w, "  %s\t%s (default %s)\n", name, s.Document.Settings[name], dash(row.Default))
	}
	s.topics(w)
}

// topics lists what is tuned for single topics, in the order of their names.
func (s status) topics(w io.Writer) {
	for _, topic := range slices.Sorted(maps.Keys(s.Document.Topics)) {
		values := s.Document.Topics[topic]
		for _, name := range values.Names() {
			row, _ := settings.Lookup(name) // Names returns only what the table has
			fmt.Fprintf(w, "  %s@%s\t%s (default %s)\n", name, oneLine(topic), values[name], dash(row.Default))
		}
	}
}

func (s status) trial(w io.Writer) {
	t := s.Trial
	if t == nil {
		fmt.Fprintf(w, "trial\tnone\n")
		return
	}
	what := t.Decision
	if t.Rule != "" {
		what += fmt.Sprintf(" by %s (%s)", t.Rule, t.Class)
	}
	if t.Back {
		what += ", taking an earlier one back"
	}
	fmt.Fprintf(w, "trial\t%s\n", oneLine(what))
	for _, step := range t.Steps {
		fmt.Fprintf(w, "  step\t%s\n", oneLine(step.String()))
	}
	fmt.Fprintf(w, "  applied\t%s as generation %d\n", clock(t.Applied), t.Generation)
	if !t.Acked.IsZero() {
		fmt.Fprintf(w, "  acknowledged\t%s\n", clock(t.Acked))
		return
	}
	n := 0
	for i := range s.Instances {
		if r := &s.Instances[i]; r.Refusal == nil && r.Generation >= t.Generation {
			n++
		}
	}
	fmt.Fprintf(w, "  acknowledged\tnot yet: by %d of %s\n", n, plural(len(s.Instances), "instance"))
}

func (s status) hold(w io.Writer) {
	h := s.Hold
	if h == nil {
		fmt.Fprintf(w, "held\tno\n")
		return
	}
	fmt.Fprintf(w, "held\t%s\n", oneLine(describeHold(*h)))
}

// describeHold says in one line what is held, by whom, for how long and why.
func describeHold(h tuner.Hold) string {
	what, until := "all settings", "until released"
	if len(h.Settings) > 0 {
		what = strings.Trim(fmt.Sprint(h.Settings), "[]")
	}
	if !h.Until.IsZero() {
		until = "until " + clock(h.Until)
	}
	return fmt.Sprintf("%s by %s since %s, %s: %s", what, h.Who, clock(h.Since), until, h.Why)
}

func (s status) instances(w io.Writer) {
	if len(s.Instances) == 0 {
		fmt.Fprintf(w, "instances\tnone\n")
		return
	}
	fmt.Fprintf(w, "instances\t%d\n", len(s.Instances))
	for i := range s.Instances {
		r := &s.Instances[i]
		fmt.Fprintf(w, "  %s\tgeneration %d, %s\n", r.ID, r.Generation, r.state())
	}
}

// state says how an instance stands to what is stored.
func (r *instanceStatus) state() string {
	switch {
	case r.Refusal != nil && r.Refusal.Generation == 0:
		return "refuses what is stored: " + oneLine(r.Refusal.Reason)
	case r.Refusal != nil:
		return fmt.Sprintf("refuses generation %d: %s", r.Refusal.Generation, oneLine(r.Refusal.Reason))
	case r.UpToDate:
		return "up to date"
	}
	return "not up to date"
}

// decisions stand below the table, because their times would stretch its first column.
func (s status) decisions(out io.Writer) error {
	if len(s.Decisions) == 0 {
		_, err := fmt.Fprintln(out, "no changes yet")
		return err
	}
	fmt.Fprintf(out, "last changes\n")
	for _, d := range s.Decisions {
		if _, err := fmt.Fprintf(out, "  %s  generation %d: %s\n", clock(d.Time), d.NextGeneration, oneLine(d.String())); err != nil {
			return err
		}
	}
	return nil
}
