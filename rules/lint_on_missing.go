package rules

// onMissing wants every rule that acts to say what missing data mean.
func (l *linter) onMissing() {
	if len(l.rule.Actions) > 0 && valueOf(l.rule.node, "on_missing") == nil {
		l.complain(Error, "rule/on-missing", l.at(l.rule.node, "alert"),
			"the rule acts and doesn't say what missing data mean; add on_missing: hold, clear or revert (hold, if nothing is said)")
	}
}
