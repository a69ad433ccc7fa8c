package rules

// labelValue refuses a label that changes with the value: each evaluation would be another alert in Prometheus.
func (l *linter) labelValue() {
	if l.rule.Alert == "" {
		return
	}
	for name, text := range l.rule.Labels {
		if l.value.MatchString(text) {
			l.complain(Error, "rule/label-value", l.at(valueOf(l.rule.node, "labels"), name),
				"label %s holds the value, so that Prometheus sees another alert at each evaluation and for is never over; move it to an annotation", name)
		}
	}
}
