package live

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/veltrix/veltrix/settings"
)

// Floor is what no document may undercut, whatever a settings source says.
type Floor struct {
	// Acks is the weakest acknowledgement that a document may ask for: "all" or "1". Empty means all, or the
	// application's own value where that is weaker.
	Acks string
}

func (f Floor) validate() error {
	s, _ := settings.Lookup(settings.ProducerAcks)
	if f.Acks != "" && !slices.Contains(s.Enum, f.Acks) {
		return fmt.Errorf("floor of %s is %q; use one of %s", s.Name, f.Acks, strings.Join(s.Enum, ", "))
	}
	return nil
}

// complaint is a reason to refuse a document, with the settings that it is about.
type complaint struct {
	names []settings.Name
	err   error
}

// refusal is why a document was not applied.
type refusal struct{ complaints []complaint }

func (r *refusal) add(err error, names ...settings.Name) {
	if err != nil {
		r.complaints = append(r.complaints, complaint{names: names, err: err})
	}
}

// names returns the settings that were complained about, in the table's order.
func (r *refusal) names() []settings.Name {
	var names []settings.Name
	for _, c := range r.complaints {
		names = append(names, c.names...)
	}
	slices.SortFunc(names, func(a, b settings.Name) int { return tableIndex(a) - tableIndex(b) })
	return slices.Compact(names)
}

// reason joins the complaints to one line.
func (r *refusal) reason() string {
	texts := make([]string, len(r.complaints))
	for i, c := range r.complaints {
		texts[i] = strings.ReplaceAll(c.err.Error(), "\n", "; ")
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), "; ")
}

func tableIndex(n settings.Name) int {
	return slices.IndexFunc(settings.All(), func(s settings.Setting) bool { return s.Name == n })
}

// policy is what every document is held against: the table, the application's bounds, its floor and its own values.
type policy struct {
	app    string
	base   settings.Values
	bounds settings.Bounds
	floor  Floor
}

func newPolicy(o RuntimeOptions) (policy, error) {
	bounds, err := settings.Hard().Intersect(o.Bounds)
	if err != nil {
		return policy{}, fmt.Errorf("bounds of the application: %w", err)
	}
	p := policy{app: o.App, base: clientOnly(settings.Defaults().Overlay(o.Base)), bounds: bounds, floor: o.Floor}
	if err := errors.Join(o.Floor.validate(), bounds.Validate(p.base)); err != nil {
		return policy{}, fmt.Errorf("settings of the application: %w", err)
	}
	return p, nil
}

// check returns nil if d may be applied.
func (p policy) check(d settings.Document) *refusal {
	r := &refusal{}
	if p.app != "" && d.App != p.app {
		r.add(fmt.Errorf("the document is for application %q, this is %q; check the key it was written to", d.App, p.app))
	}
	p.checkValues(r, "", d.Settings)
	for topic, v := range d.Topics {
		p.checkTopic(r, topic, v)
		p.checkValues(r, topic, d.For(topic))
	}
	if len(r.complaints) == 0 {
		return nil
	}
	return r
}

// checkTopic refuses settings that can't differ between topics.
func (p policy) checkTopic(r *refusal, topic string, v settings.Values) {
	for n := range v {
		if s, ok := settings.Lookup(n); ok && !s.PerTopic {
			r.add(fmt.Errorf("%s can't be set for topic %q alone; set it for the application", n, topic), n)
		}
	}
}

// checkValues holds tuned values against bounds and floor one by one, and all of them over the application's own
// against the rules across settings.
func (p policy) checkValues(r *refusal, topic string, tuned settings.Values) {
	for n, x := range tuned {
		r.add(about(topic, p.bounds.Validate(settings.Values{n: x})), n)
	}
	if acks, ok := tuned[settings.ProducerAcks]; ok {
		r.add(p.checkAcks(acks), settings.ProducerAcks)
	}
	effective := p.base.Overlay(tuned)
	for _, rel := range settings.Relations() {
		r.add(about(topic, checkRelation(rel, effective)), tunedOf(rel, tuned)...)
	}
}

func (p policy) checkAcks(acks settings.Value) error {
	s, _ := settings.Lookup(settings.ProducerAcks)
	floor := settings.Word(s.Enum[0])
	if p.floor.Acks != "" {
		floor = settings.Word(p.floor.Acks)
	} else if s.Loosens(floor, p.base[s.Name]) {
		floor = p.base[s.Name]
	}
	if s.Loosens(floor, acks) {
		return fmt.Errorf("%s is %q, weaker than the application's floor %q; the application itself must lower its floor", s.Name, acks, floor)
	}
	return nil
}

// checkRelation holds effective against one rule across settings.
func checkRelation(rel settings.Relation, effective settings.Values) error {
	part := settings.Values{}
	for _, n := range append([]settings.Name{rel.Most}, rel.Sum...) {
		if x, ok := effective[n]; ok {
			part[n] = x
		}
	}
	return part.ValidateRelations()
}

// tunedOf returns the settings of a rule that the document sets.
func tunedOf(rel settings.Relation, tuned settings.Values) []settings.Name {
	var names []settings.Name
	for _, n := range append([]settings.Name{rel.Most}, rel.Sum...) {
		if _, ok := tuned[n]; ok {
			names = append(names, n)
		}
	}
	return names
}

// about adds the topic to a complaint about its values.
func about(topic string, err error) error {
	if err == nil || topic == "" {
		return err
	}
	return fmt.Errorf("topic %q: %w", topic, err)
}
