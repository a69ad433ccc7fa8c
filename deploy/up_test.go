package deploy_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/dashboards"
	"github.com/veltrix/veltrix/internal/kafkaserver"
	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/internal/promserver"
)

// The whole stack comes up in the order of its dependencies, each service with its own command, files and health check; only
// Grafana can't, there is none on this machine. Then somebody follows the tutorial, from a rule in shadow to one that acts; and
// in the end every panel of the dashboards has something to show.
func TestTheStackRuns(t *testing.T) {
	kafkatest.Need(t, kafkaserver.Available())
	kafkatest.Need(t, promserver.Available())
	if testing.Short() && os.Getenv(kafkatest.RequireReal) != "1" {
		t.Skip("skipped under -short: it plays for some minutes")
	}
	s := newStack(t)
	s.upAll()
	tutorial(s)
	everythingIsScraped(s)
	t.Run("every panel answers", func(t *testing.T) { panelsAnswer(t, s) })
	t.Run("the change is marked", func(t *testing.T) { changeIsMarked(t, s) })
}

func (s *stack) upAll() {
	s.t.Helper()
	s.once("secrets")
	s.up("etcd")
	s.once("etcd-users")
	require.Contains(s.t, s.once("etcd-users"), "on already", "it may run again")
	s.up("kafka")
	s.up("prometheus")
	for _, service := range []string{"hunt-1", "hunt-2", "veltrix-1", "veltrix-2"} {
		s.up(service)
	}
	require.Contains(s.t, s.once("ctl"), "hunt-engine")
}

// Every target of prometheus.yml is there, the brokers export what the safety rules ask for, and the alerts are loaded.
func everythingIsScraped(s *stack) {
	s.t.Helper()
	s.eventually("seven targets are up", func() bool { n, _ := s.number("sum(up)"); return n == 7 })
	for _, metric := range []string{
		"kafka_server_replicamanager_underreplicatedpartitions", "kafka_server_requesthandler_idle_ratio",
		`kafka_server_brokertopicmetrics_messagesinpersec_total{topic="hunt.commands"}`, `sum(kafka_network_requests_total{request="Produce"})`,
		`max(kafka_network_request_time_ms{request="Produce", quantile="0.99"})`,
	} {
		s.eventually(metric, func() bool { _, ok := s.number(metric); return ok })
	}
	rules, err := s.prometheus().Rules(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Len(s.t, rules.Groups, 1)
	require.Equal(s.t, "veltrix", rules.Groups[0].Name)
}

// chosen puts All in the place of every variable, and a scrape interval of 5 s in that of Grafana's.
func chosen(expr string) string {
	return strings.NewReplacer("$__rate_interval", "20s", "$__interval", "15s", "$__range", "10m",
		"$job", ".+", "$instance", ".+", "$app", ".+", "$client_id", ".+", "$topic", ".+", "$rule", ".+").Replace(expr)
}

// mayBeEmpty are the targets that show what goes wrong alone.
func mayBeEmpty(expr string) bool {
	return strings.Contains(expr, "veltrix_tick_failures_total") || strings.HasPrefix(expr, "min by (setting) (veltrix_setting_value")
}

func panelsAnswer(t *testing.T, s *stack) {
	all, err := dashboards.All()
	require.NoError(t, err)
	asked := 0
	for _, d := range all {
		for _, p := range d.Panels {
			if p.Panel == nil {
				continue
			}
			for _, target := range p.Panel.Targets {
				q, ok := target.(prometheus.Dataquery)
				require.True(t, ok, "%T", target)
				asked++
				found := s.course(t, chosen(q.Expr), 2*time.Minute)
				require.LessOrEqual(t, len(found), 1000, *p.Panel.Title)
				if !mayBeEmpty(q.Expr) {
					require.True(t, hasNumber(found), "%s / %s shows nothing: %s", *d.Title, *p.Panel.Title, q.Expr)
				}
			}
		}
	}
	require.Greater(t, asked, 50)
	t.Logf("%d queries answered", asked)
}

func hasNumber(m model.Matrix) bool {
	for _, series := range m {
		for _, v := range series.Values {
			if !math.IsNaN(float64(v.Value)) {
				return true
			}
		}
	}
	return false
}

func changeIsMarked(t *testing.T, s *stack) {
	all, err := dashboards.All()
	require.NoError(t, err)
	for _, a := range all["veltrix-overview"].Annotations.List {
		if a.Name != "Settings changes" {
			continue
		}
		var marked []string
		for _, series := range s.course(t, chosen(a.Target.(prometheus.Dataquery).Expr), 5*time.Minute) {
			marked = append(marked, string(series.Metric["setting"])+" = "+string(series.Metric["value"]))
		}
		require.NotEmpty(t, marked)
		for _, m := range marked {
			require.Regexp(t, `^producer\.linger\.ms = \d+$`, m, "nothing else was changed")
		}
		return
	}
	t.Fatal("there is no such annotation")
}
