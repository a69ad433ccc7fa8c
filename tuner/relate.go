package tuner

import (
	"fmt"
	"slices"

	"github.com/veltrix/veltrix/settings"
)

// relate checks the rules across settings against what would count after the steps, for the application and for each
// topic. Where raising the larger side mends a rule, that setting moves too, and the proposal says so; otherwise
// nothing moves.
func (t *tick) relate(p *proposal) refusal {
	p.asked = len(p.steps)
	for range mostCompanions {
		broken, topic := t.brokenRelation(p)
		if broken == nil {
			return refusal{}
		}
		if r := t.accompany(p, broken, topic); r.reason != "" {
			return r
		}
	}
	return refusal{RelationBroken, "too many settings would have to move with it"}
}

// mostCompanions bounds the search; every relation of every topic may need one round.
const mostCompanions = 64

// brokenRelation returns the first relation, in the table's order, that holds a moved setting and would be broken.
func (t *tick) brokenRelation(p *proposal) (*settings.Relation, string) {
	if t.relations == nil {
		t.relations = settings.Relations()
	}
	for i := range t.relations {
		r := &t.relations[i]
		if !slices.ContainsFunc(p.steps, func(s Step) bool { return s.Setting == r.Most || slices.Contains(r.Sum, s.Setting) }) {
			continue
		}
		for _, topic := range t.topics(p) {
			values := t.after(p, r, topic)
			need, ok := r.Needs(values)
			if most, known := values[r.Most]; ok && known && most.Int() < need {
				return r, topic
			}
		}
	}
	return nil, ""
}

// topics returns the application, as "", and every topic with values of its own, sorted.
func (t *tick) topics(p *proposal) []string {
	topics := make([]string, 1, 1+len(t.in.Document.Topics)+len(p.steps))
	for topic := range t.in.Document.Topics {
		topics = append(topics, topic)
	}
	for _, s := range p.steps {
		topics = append(topics, s.Topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// after returns the values of the relation's settings that would count for the topic after the steps.
func (t *tick) after(p *proposal, r *settings.Relation, topic string) settings.Values {
	values := make(settings.Values, len(r.Sum)+1)
	for _, name := range append([]settings.Name{r.Most}, r.Sum...) {
		if v := t.afterStep(p, name, topic); v.IsSet() {
			values[name] = v
		}
	}
	return values
}

func (t *tick) afterStep(p *proposal, name settings.Name, topic string) settings.Value {
	own := valueIn(t.in.Document, place{name, topic})
	for _, s := range p.steps {
		// A step for the application counts for a topic only if the topic has no value of its own.
		if s.Setting == name && (s.Topic == topic || s.Topic == "" && !own.IsSet()) {
			own = s.To
		}
	}
	if own.IsSet() {
		return own
	}
	row, _ := settings.Lookup(name)
	return t.present(row, topic)
}

// accompany adds the step that raises the larger side of a relation far enough for the topic, if every limit of that
// setting allows it. What the rule itself asked for is not changed.
func (t *tick) accompany(p *proposal, r *settings.Relation, topic string) refusal {
	row, _ := settings.Lookup(r.Most)
	need, _ := r.Needs(t.after(p, r, topic))
	if !row.PerTopic {
		topic = ""
	}
	here := place{row.Name, topic}
	i := slices.IndexFunc(p.steps, func(s Step) bool { return s.Setting == here.name && s.Topic == here.topic })
	if i >= 0 && i < p.asked {
		return refusal{RelationBroken, r.String()}
	}
	m := move{row: row, place: here, from: t.present(row, topic), to: settings.Number(need)}
	low, high := t.bounds(row, settings.Bound{})
	if _, up := oneStep(row, m.from.Int()); need < low || need > min(high, up) {
		return refusal{RelationBroken, fmt.Sprintf("%s, and its bounds or one step don't allow %d", r, need)}
	}
	for _, limit := range []func(*tick, *move) refusal{(*tick).free, (*tick).turnable} {
		if refused := limit(t, &m); refused.reason != "" {
			return refusal{RelationBroken, fmt.Sprintf("%s, which is %s", r, refused.reason)}
		}
	}
	if i >= 0 {
		p.steps[i].To = m.to
		return refusal{}
	}
	p.steps = append(p.steps, Step{Setting: row.Name, Topic: topic, From: m.from, To: m.to})
	p.why = fmt.Sprintf("%s moves too: %s", row.Name, r)
	return refusal{}
}
