package tuner

import (
	"maps"
	"slices"
	"strings"

	"github.com/veltrix/veltrix/settings"
)

// takeBack restores the document that the trial replaced, under a new generation.
func (t *tick) takeBack(reason Reason, detail string) outcome {
	trial := t.state.Trial
	next, steps := restored(trial)
	return outcome{
		reason: reason, rule: trial.Rule, detail: detail,
		change: &change{
			next: next, steps: steps,
			trial:  &Trial{Rule: trial.Rule, Group: trial.Group, Class: trial.Class, Back: true, Steps: steps},
			undone: trial, blame: t.blames(reason, trial), judged: judged(reason),
		},
	}
}

// restored returns exactly the former settings and topics, and the steps that lead there. The one exception is a
// durability setting that the trial tightened: it stays tight, because the loop never loosens one.
func restored(trial *Trial) (settings.Document, []Step) {
	next := settings.Document{Settings: trial.Former.Settings, Topics: trial.Former.Topics}
	steps := make([]Step, 0, len(trial.Steps))
	for _, s := range trial.Steps {
		row, _ := settings.Lookup(s.Setting)
		if row.Loosens(s.To, s.From) {
			next = withValue(next, place{s.Setting, s.Topic}, s.To)
			continue
		}
		steps = append(steps, Step{Setting: s.Setting, Topic: s.Topic, From: s.To, To: valueIn(trial.Former, place{s.Setting, s.Topic})})
	}
	return next, steps
}

// blames says whether the failure is the trial's own, so that it is not tried again soon. A breach under a load that
// moved is nobody's fault.
func (t *tick) blames(reason Reason, trial *Trial) bool {
	if judged(reason) {
		return !t.loadShifted(trial)
	}
	return reason == TakenBackRefused || reason == TakenBackUnacknowledged
}

// judged says whether readings spoke against the trial, not an instance or an order.
func judged(reason Reason) bool { return reason == TakenBackWorse || reason == TakenBackNoHelp }

// valueIn returns the document's own value at the place, unset if it has none.
func valueIn(d settings.Document, p place) settings.Value {
	if p.topic != "" {
		return d.Topics[p.topic][p.name]
	}
	return d.Settings[p.name]
}

// withValue returns a copy of the document with the value v at the place.
func withValue(d settings.Document, p place, v settings.Value) settings.Document {
	if p.topic == "" {
		d.Settings = d.Settings.With(p.name, v)
		return d
	}
	topics := make(map[string]settings.Values, len(d.Topics)+1)
	maps.Copy(topics, d.Topics)
	topics[p.topic] = topics[p.topic].With(p.name, v)
	d.Topics = topics
	return d
}

// sortSteps puts steps into the table's order, for one setting the whole application before its topics.
func sortSteps(steps []Step) {
	order := make(map[settings.Name]int, len(settings.All()))
	for i, s := range settings.All() {
		order[s.Name] = i
	}
	slices.SortFunc(steps, func(a, b Step) int {
		if a.Setting != b.Setting {
			return order[a.Setting] - order[b.Setting]
		}
		return strings.Compare(a.Topic, b.Topic)
	})
}
