package ruletest

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// checkAlert compares the firing alerts of a name with all their labels and annotations, as promtool does.
func (r *run) checkAlert(ctx context.Context, e AlertRuleTest) {
	at := time.Duration(e.EvalTime)
	c := Check{At: at, What: "alert " + e.Alertname}
	if !slices.Contains(r.subject.alerts(), e.Alertname) {
		r.unknown(&c, e.Alertname)
		return
	}
	var got, want []activeAlert
	for _, a := range r.prometheus.firing[r.floor(at)] {
		if a.labels.Get(labels.AlertName) == e.Alertname {
			got = append(got, a)
		}
	}
	for _, a := range e.Alerts {
		b := labels.NewScratchBuilder(len(a.Labels) + 1)
		for name, value := range a.Labels {
			if name != labels.AlertName {
				b.Add(name, value)
			}
		}
		b.Add(labels.AlertName, e.Alertname)
		b.Sort()
		want = append(want, activeAlert{b.Labels(), labels.FromMap(a.Annotations)})
	}
	c.alerts(want, got)
	r.note(&c, func() []Evaluation { return r.alertEvaluations(ctx, at, e.Alertname) })
}

// alerts compares alerts: first those that are alike are put together, then the most similar ones of the others.
func (c *Check) alerts(want, got []activeAlert) {
	for likeness := range 3 {
		want = slices.DeleteFunc(want, func(w activeAlert) bool {
			i := mostAlike(w, got, 2-likeness)
			if i < 0 {
				return false
			}
			c.alert(w, got[i])
			got = slices.Delete(got, i, i+1)
			return true
		})
	}
	for _, w := range want {
		c.compare(name(w), "fires", "doesn't")
	}
	for _, g := range got {
		c.compare(name(g), "doesn't fire", "fires")
	}
}

// mostAlike returns the alert with the most labels in common with w. A likeness of 2 wants labels and annotations equal, 1 the
// labels.
func mostAlike(w activeAlert, all []activeAlert, likeness int) int {
	best, most := -1, -1
	for i, g := range all {
		switch {
		case likeness > 0 && !labels.Equal(w.labels, g.labels):
		case likeness > 1 && !labels.Equal(w.annotations, g.annotations):
		case common(w, g) > most:
			best, most = i, common(w, g)
		}
	}
	return best
}

func common(a, b activeAlert) int {
	n := 0
	a.labels.Range(func(l labels.Label) {
		if b.labels.Get(l.Name) == l.Value {
			n++
		}
	})
	return n
}

// alert compares two alerts label by label and annotation by annotation.
func (c *Check) alert(want, got activeAlert) {
	if labels.Equal(want.labels, got.labels) && labels.Equal(want.annotations, got.annotations) {
		c.compare(name(want), "fires", "fires")
		return
	}
	c.pairs(name(got)+" label ", want.labels, got.labels)
	c.pairs(name(got)+" annotation ", want.annotations, got.annotations)
}

// pairs compares the values of two sets that differ.
func (c *Check) pairs(prefix string, want, got labels.Labels) {
	text := func(l labels.Labels, name string) string {
		if !l.Has(name) {
			return "none"
		}
		return strconv.Quote(l.Get(name))
	}
	var names []string
	want.Range(func(l labels.Label) { names = append(names, l.Name) })
	got.Range(func(l labels.Label) { names = append(names, l.Name) })
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name != labels.AlertName {
			c.compare(prefix+name, text(want, name), text(got, name))
		}
	}
}

// name is an alert's labels without its name, which stands in front of all.
func name(a activeAlert) string {
	return labels.NewBuilder(a.labels).Del(labels.AlertName).Labels().String()
}
