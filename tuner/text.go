package tuner

import "strings"

// String writes the step as "producer.linger.ms 5 → 20", with "@topic" behind the name where it is for one topic.
func (s Step) String() string {
	name := string(s.Setting)
	if s.Topic != "" {
		name += "@" + s.Topic
	}
	return name + " " + s.From.String() + " → " + s.To.String()
}

// String writes what was overruled as "Rule: setting Reason", without the detail.
func (o Overruled) String() string {
	if o.Setting == "" {
		return o.Rule + " " + string(o.Reason)
	}
	return o.Rule + ": " + string(o.Setting) + " " + string(o.Reason)
}

// describe explains it in one clause, as part of a decision's detail; the reason itself stands before it.
func (o Overruled) describe() string {
	s := o.Rule
	if o.Setting != "" {
		s += " on " + string(o.Setting)
	}
	if o.Detail != "" {
		s += ": " + o.Detail
	}
	return s
}

// String is the one line that log, command line and golden files share, without time and identifier:
//
//	Protected by ProducerQueueing: producer.linger.ms 5 → 20; publish-p99 is 0.31, at most 0.15 [shadow] [overruled: …]
func (d Decision) String() string {
	var b strings.Builder
	b.WriteString(string(d.Reason))
	if d.Rule != "" {
		b.WriteString(" by " + d.Rule)
	}
	separator := ": "
	for _, s := range d.Steps {
		b.WriteString(separator + s.String())
		separator = ", "
	}
	if d.Detail != "" {
		if len(d.Steps) > 0 {
			separator = "; "
		}
		b.WriteString(separator + d.Detail)
	}
	if d.Mode == ModeShadow {
		b.WriteString(" [shadow]")
	}
	if len(d.Overruled) > 0 {
		b.WriteString(" [overruled: " + joinOverruled(d.Overruled) + "]")
	}
	return b.String()
}

// joinOverruled lists the first few; the rest is counted, so that the line stays a line.
func joinOverruled(all []Overruled) string {
	const shown = 4
	parts := make([]string, 0, shown+1)
	for i, o := range all {
		if i == shown {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, o.String())
	}
	return strings.Join(parts, ", ")
}
