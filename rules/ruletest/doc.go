// Package ruletest runs unit tests of tuning rules: files like promtool's, with series of samples and what the rules must make
// of them.
//
// A test file is a superset of what `promtool test rules` reads: rule_files, evaluation_interval, tests with interval and
// input_series in promtool's notation, alert_rule_test and promql_expr_test. On top of it:
//
//	rule_files: [pack:kafka-producer, rules/*.yml]  # packs by name, too
//	selector: '{job="hunt-engine"}'                 # as in the sidecar's configuration
//	range: 10s                                      # replaces every range, as in the sidecar's rule_files
//	tests:
//	- name: linger holds the records
//	  interval: 5s
//	  input_series: [{series: 'up{job="hunt-engine"}', values: 1x60}]
//	  tuning_rule_test:
//	  - eval_time: 1m
//	    rule: ProducerLingerDominates
//	    exp_state: firing                           # inactive, pending or firing
//	    exp_blind: false                            # no usable answer
//	    exp_blocked: ""                             # the guard that forbids the actions; "" for none
//	    exp_actions: [{set: producer.linger.ms, operand: 63}]
//	  faults: [{fault: gap, at: 30s}]               # once more without one sample of each series
//
// Queries are answered by Prometheus's own engine. At each tick from time 0 on its own rules are evaluated first, alerts and
// recording rules alike, and then tuning rules as the sidecar does it. So alert_rule_test and promql_expr_test get the results
// that promtool gets; selector and range don't touch them. What a tuning_rule_test doesn't mention is not compared.
//
// A test that names what doesn't exist fails: a rule, a setting, an input that nothing looks at, an expression that gives
// nothing because nobody writes its metric.
//
// [Coverage] says which transitions of each rule the tests have seen.
package ruletest
