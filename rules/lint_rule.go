package rules

import (
	"regexp"
)

// onMissing wants every rule that acts to say what missing data mean.
func (l *linter) onMissing() {
	if len(l.rule.Actions) > 0 && valueOf(l.rule.node, "on_missing") == nil {
		l.complain(Error, "rule/on-missing", l.at(l.rule.node, "alert"),
			"the rule acts and doesn't say what missing data mean; add on_missing: hold, clear or revert (hold, if nothing is said)")
	}
}

// labelValue refuses a label that changes with the value: each evaluation would be another alert in Prometheus.
func (l *linter) labelValue() {
	if l.rule.Alert == "" {
		return
	}
	for name, text := range l.rule.Labels {
		if regexp.MustCompile(`\$value|\.Value`).MatchString(text) {
			l.complain(Error, "rule/label-value", l.at(valueOf(l.rule.node, "labels"), name),
				"label %s holds the value, so that Prometheus sees another alert at each evaluation and for is never over; move it to an annotation", name)
		}
	}
}
