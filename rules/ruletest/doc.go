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
//
// Queries are answered by Prometheus's own engine, rules evaluated as the sidecar does it, tick by tick from time 0 on. What a
// test doesn't mention is not compared.
//
// [Coverage] says which transitions of each rule the tests have seen.
package ruletest
