package sidecar

import (
	"time"

	"github.com/veltrix/veltrix/rules"
)

// The types below are the answer of Prometheus's /api/v1/rules, so that Grafana reads ours.
type promRules struct {
	Groups []promGroup `json:"groups"`
}

type promGroup struct {
	Name     string     `json:"name"`
	File     string     `json:"file"`
	Interval float64    `json:"interval"`
	Limit    int        `json:"limit"`
	Rules    []promRule `json:"rules"`

	LastEvaluation time.Time `json:"lastEvaluation"`
	EvaluationTime float64   `json:"evaluationTime"`
}

type promRule struct {
	State          string            `json:"state"`
	Name           string            `json:"name"`
	Query          string            `json:"query"`
	Duration       float64           `json:"duration"`
	Labels         map[string]string `json:"labels"`
	Annotations    map[string]string `json:"annotations"`
	Alerts         []promAlert       `json:"alerts"`
	Health         string            `json:"health"`
	LastError      string            `json:"lastError,omitempty"`
	EvaluationTime float64           `json:"evaluationTime"`
	LastEvaluation time.Time         `json:"lastEvaluation"`
	Type           string            `json:"type"`
}

type promAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    *time.Time        `json:"activeAt,omitempty"`
}

// prometheusRules returns the rules as Prometheus would.
func (s *Sidecar) prometheusRules() promRules {
	out := promRules{Groups: []promGroup{}}
	all := s.Status().Rules
	for i := range all {
		r := &all[i]
		if n := len(out.Groups); n == 0 || out.Groups[n-1].File+";"+out.Groups[n-1].Name != r.Group {
			out.Groups = append(out.Groups, promGroup{
				Name: r.Group[len(r.File)+1:], File: r.File, Interval: time.Duration(s.config.Interval).Seconds(), LastEvaluation: r.LastEval,
			})
		}
		g := &out.Groups[len(out.Groups)-1]
		g.Rules = append(g.Rules, prometheusRule(r))
	}
	return out
}

func prometheusRule(r *rules.RuleStatus) promRule {
	rule := promRule{
		State: r.Phase, Name: r.Rule, Query: r.Query, Duration: r.For.Seconds(), Labels: r.Labels, Annotations: r.Annotations,
		Alerts: []promAlert{}, Health: "ok", LastEvaluation: r.LastEval, Type: "alerting",
	}
	if rule.State == "" {
		rule.State, rule.Health = rules.Inactive, "unknown"
	}
	if r.Why != "" {
		rule.Health, rule.LastError = "err", r.Why
	}
	if r.Phase == rules.Firing || r.Phase == rules.Pending {
		alert := promAlert{Labels: r.Labels, Annotations: r.Annotations, State: r.Phase}
		if at := r.FiringSince; !at.IsZero() {
			alert.ActiveAt = &at
		}
		rule.Alerts = append(rule.Alerts, alert)
	}
	return rule
}
