package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// leading narrows a metric of the loop to sidecars that have come to a decision lately. One that was the leader before keeps
// its last readings, which nobody should look at.
func leading(metric, selector string) string {
	return metric + "{" + selector + "}\n  and on (job, instance, app) (time() - veltrix_last_tick_timestamp_seconds{<loop>} < 120)"
}

// Overview is about the loop: is it well, are the promises kept, what did it do and why.
func Overview() (dashboard.Dashboard, error) {
	const client = `veltrix_settings_generation{<place>}`
	b := newBoard("veltrix-overview", "Overview",
		"The loop of every application: whether its promises are kept, what it changed and why, and how it works inside.",
		append(
			jobAndInstance(),
			variable{"app", "Application", `veltrix_leader{<place>}`},
			variable{"client_id", "Client", client},
			variable{"rule", "Rule", `veltrix_rule_state{<loop>}`},
		))
	b.row("Is the loop well?")
	wellness(b)
	b.row("Are the promises kept?")
	promises(b)
	b.row("What does it do, and why?")
	doings(b)
	b.row("Inner workings")
	workings(b)
	return b.build()
}

func wellness(b *board) {
	b.add(
		view{
			title: "Objectives broken", unit: "none", width: 4, page: "runbooks/VeltrixObjectiveBroken.md",
			means: "Objectives whose last reading is outside its limit. For seconds that is what the loop is there for; for minutes it is not.",
			steps: []step{{color: "green"}, {1, "red"}},
			queries: []query{{"{{app}}", `count by (app) (
  (` + leading("veltrix_objective_value", "<loop>") + `) > on (app, objective) group_left () max by (app, objective) (veltrix_objective_max{<loop>})
  or
  (` + leading("veltrix_objective_value", "<loop>") + `) < on (app, objective) group_left () max by (app, objective) (veltrix_objective_min{<loop>})
)
or 0 * max by (app) (veltrix_leader{<loop>})`}},
		}.number(),
		view{
			title: "Last decision", unit: "s", width: 4, page: "runbooks/VeltrixStalled.md",
			means:   "Time since a sidecar of the application last came to a decision; one interval is normal.",
			steps:   []step{{color: "green"}, {30, "yellow"}, {60, "red"}},
			queries: []query{{"{{app}}", `time() - max by (app) (veltrix_last_tick_timestamp_seconds{<loop>})`}},
		}.number(),
		view{
			title: "Leaders", unit: "none", width: 4, page: "runbooks/VeltrixTwoLeaders.md",
			means: "Sidecars that may write. One in the mode enforce, none in shadow.",
			steps: []step{{color: "blue"}, {1, "green"}, {2, "red"}}, words: []word{{"0", "shadow, or none", "blue"}},
			queries: []query{{"{{app}}", `sum by (app) (veltrix_leader{<loop>})`}},
		}.number(),
		view{
			title: "Instances up to date", unit: "percentunit", width: 4, page: "runbooks/VeltrixInstancesBehind.md",
			means:   "Share of the live instances that run the newest document.",
			steps:   []step{{color: "red"}, {0.99, "green"}},
			none:    "no instances",
			queries: []query{{"{{app}}", `max by (app) (veltrix_instances_acknowledged{<loop>}) / max by (app) (veltrix_instances{<loop>})`}},
		}.number(),
		view{
			title: "Trial", unit: "none", width: 4, page: "judge.md",
			means:   "Whether a change is being watched. It is kept if it helps, and taken back if it does not.",
			words:   []word{{"0", "none", "text"}, {"1", "running", "blue"}},
			queries: []query{{"{{app}}", `max by (app) (` + leading("veltrix_trial_running", "<loop>") + `)`}},
		}.number(),
		view{
			title: "Held", unit: "none", width: 4, page: "runbooks/VeltrixHeld.md",
			means:   "Whether an operator holds settings. Held settings stay as they are, whatever happens.",
			words:   []word{{"0", "no", "green"}, {"1", "by an operator", "orange"}},
			queries: []query{{"{{app}}", `max by (app) (veltrix_held{<loop>})`}},
		}.number(),
	)
}

func promises(b *board) {
	b.add(
		view{
			title: "Objectives, as a share of their limit", unit: "percentunit", width: 8, page: "runbooks/VeltrixObjectiveBroken.md",
			means: "An objective's reading divided by the most that it may be. Above 100 % it is broken.",
			steps: []step{{color: "green"}, {1, "red"}},
			queries: []query{{"{{app}} {{objective}}", `max by (app, objective) (` + leading("veltrix_objective_value", "<loop>") + `)
  / max by (app, objective) (veltrix_objective_max{<loop>})`}},
		}.lines(),
		view{
			title: "Objectives", unit: "short", width: 8, page: "runbooks/VeltrixObjectiveBroken.md",
			means:   "The readings themselves, each in its own unit.",
			queries: []query{{"{{app}} {{objective}}", `max by (app, objective) (` + leading("veltrix_objective_value", "<loop>") + `)`}},
		}.lines(),
		view{
			title: "Load", unit: "short", width: 8, page: "configuration.md",
			means:   "The load as the configuration measures it. What worked at a level is remembered for when it comes back.",
			queries: []query{{"{{app}}", `max by (app) (` + leading("veltrix_load", "<loop>") + `)`}},
		}.lines(),
	)
}

func doings(b *board) {
	b.add(
		view{
			title: "Decisions by reason", unit: "short", width: 12, bars: true, page: "judge.md",
			means:   "Every tick ends in a decision with one word for its reason. Steady and Settling are calm; NoActionLeft means that no rule knows a way.",
			none:    "no decision in this time",
			queries: []query{{"{{reason}}", `sum by (reason) (increase(veltrix_decisions_total{<loop>}[$__rate_interval])) > 0`}},
		}.lines(),
		view{
			title: "Changes and take-backs", unit: "short", width: 12, bars: true, page: "runbooks/VeltrixFlapping.md",
			means: "Decisions that changed the document, also in shadow, and those of them that took a change back.",
			queries: []query{
				{"changes {{app}}", `sum by (app) (increase(veltrix_changes_total{<loop>}[$__rate_interval]))`},
				{"taken back {{app}}", `sum by (app) (increase(veltrix_decisions_total{<loop>, reason=~"TakenBack.+"}[$__rate_interval]))`},
			},
		}.lines(),
		view{
			title: "Settings that changed", unit: "short", width: 12, page: "settings.md",
			means: "The settings that moved in the time shown, in their own units. An enum shows the position in its list.",
			none:  "no setting changed in this time",
			queries: []query{{"{{client_id}} {{setting}}", `max by (client_id, setting) (veltrix_setting_value{<client>})
  and on (client_id, setting) (max by (client_id, setting) (changes(veltrix_setting_value{<client>}[$__range])) > 0)`}},
		}.states(),
		view{
			title: "Rules", unit: "none", width: 12, page: "rules.md",
			means:   "What each rule sees. A rule without a usable answer keeps its state; see the next panel.",
			words:   []word{{"0", "inactive", "text"}, {"1", "pending", "yellow"}, {"2", "firing", "red"}},
			queries: []query{{"{{rule}}", `max by (app, rule) (` + leading("veltrix_rule_state", "<rule>") + `)`}},
		}.states(),
		view{
			title: "Blind rules", unit: "none", width: 12, page: "runbooks/VeltrixRuleBlind.md",
			means:   "Rules without a usable answer: no data, not a number, or a failed query. They take no step.",
			words:   []word{{"0", "sees", "green"}, {"1", "blind", "orange"}},
			queries: []query{{"{{rule}}", `max by (app, rule) (` + leading("veltrix_rule_blind", "<rule>") + `)`}},
		}.states(),
		view{
			title: "Instances", unit: "short", width: 12, page: "runbooks/VeltrixInstancesBehind.md",
			means: "Live instances, and how many of them run the newest document. A trial waits until they are the same.",
			queries: []query{
				{"live {{app}}", `max by (app) (veltrix_instances{<loop>})`},
				{"up to date {{app}}", `max by (app) (veltrix_instances_acknowledged{<loop>})`},
			},
		}.lines(),
	)
}

func workings(b *board) {
	b.add(
		view{
			title: "Time of a tick, p99 by step", unit: "s", width: 8, page: "runbooks/VeltrixTicksMissed.md",
			means:   "Where a tick's time goes. Measure is Prometheus, read and commit are etcd.",
			queries: []query{{"{{step}}", quantile("0.99", "veltrix_tick_duration_seconds", "<loop>", "step, ")}},
		}.lines(),
		view{
			title: "Ticks", unit: "ops", width: 8, page: "runbooks/VeltrixTicksFail.md",
			means: "Ticks that came to a decision, were skipped because the one before took too long, or came to nothing.",
			queries: []query{
				{"decided {{app}}", `sum by (app) (rate(veltrix_ticks_total{<loop>}[$__rate_interval]))`},
				{"missed {{app}}", `sum by (app) (rate(veltrix_ticks_missed_total{<loop>}[$__rate_interval]))`},
				{"failed {{app}} in {{step}}", `sum by (app, step) (rate(veltrix_tick_failures_total{<loop>}[$__rate_interval])) > 0`},
			},
		}.lines(),
		view{
			title: "Queries to Prometheus", unit: "s", width: 8, page: "runbooks/VeltrixQueriesFail.md",
			means: "Time of a query. Each has a deadline below half of the interval; what comes later is no answer.",
			queries: []query{
				{"p99", quantile("0.99", "veltrix_query_duration_seconds", "<loop>", "")},
				{"mean {{app}}", mean("veltrix_query_duration_seconds", "<loop>", "app")},
			},
		}.lines(),
		view{
			title: "Failed queries and evaluations", unit: "ops", width: 8, page: "runbooks/VeltrixQueriesFail.md",
			means: "Queries without an answer, and evaluations of rules without a usable one.",
			queries: []query{
				{"queries {{app}}", `sum by (app) (rate(veltrix_query_failures_total{<loop>}[$__rate_interval]))`},
				{"{{rule_group}} {{app}}", `sum by (app, rule_group) (rate(veltrix_rule_evaluation_failures_total{<loop>}[$__rate_interval]))`},
			},
		}.lines(),
		view{
			title: "Transactions in etcd, p99", unit: "s", width: 8, page: "security.md",
			means:   "Time of the transaction that ends a leader's tick. In shadow there is none.",
			none:    "no transaction: shadow",
			queries: []query{{"p99", quantile("0.99", "veltrix_commit_duration_seconds", "<loop>", "")}},
		}.lines(),
		view{
			title: "Conflicts, files of rules", unit: "none", width: 8, page: "runbooks/VeltrixRulesFileBad.md",
			means: "Transactions that were refused because somebody else wrote in between, and rule files whose present text could not be used.",
			queries: []query{
				{"conflicts {{app}}", `sum by (app) (increase(veltrix_commit_conflicts_total{<loop>}[$__rate_interval]))`},
				{"bad files {{app}}", `count by (app) (veltrix_rules_file_last_load_successful{<loop>} == 0) or 0 * max by (app) (veltrix_leader{<loop>})`},
			},
		}.lines(),
	)
}
