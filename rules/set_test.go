package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/settings"
)

// query_offset asks for the past, and scope: none leaves an expression alone.
func TestQueriesAreRewritten(t *testing.T) {
	f, err := rules.Parse("t.yml", []byte(`groups: [{name: g, query_offset: 5s, rules: [
  {alert: A, expr: 'sum(rate(x_total[1m])) > max_over_time(y[5m:1m] offset 1m)', class: protect, on_missing: hold,
   guards: [{name: up, expr: 'min(up{job="kafka"}) == 1', scope: none}], actions: [{set: producer.linger.ms, to: 5}]}]}]`))
	require.NoError(t, err)
	selector, err := rules.ParseSelector(`job="hunt"`)
	require.NoError(t, err)
	set, err := rules.NewSet([]rules.Source{{File: f, Range: 10 * time.Second}}, rules.SetOptions{Selector: selector})
	require.NoError(t, err)
	require.Equal(t, []string{
		`(sum(rate(x_total{job="hunt"}[10s] offset 5s))) + (0 * (max_over_time(y{job="hunt"}[5m:1m] offset 1m5s)))`,
		`min(up{job="kafka"} offset 5s)`,
		`min(up{job="kafka"} offset 5s) == 1`,
		`sum(rate(x_total{job="hunt"}[10s] offset 5s)) > max_over_time(y{job="hunt"}[5m:1m] offset 1m5s)`,
	}, set.Queries(time.Unix(0, 0), nil))
	require.Equal(t, 6*time.Minute+5*time.Second, set.LongestRange())
}

// A file that is listed twice would count everything twice.
func TestAGroupIsLoadedOnce(t *testing.T) {
	f, err := rules.LoadPack("pack:kafka-producer")
	require.NoError(t, err)
	_, err = rules.NewSet([]rules.Source{{File: f}, {File: f}}, rules.SetOptions{})
	require.ErrorContains(t, err, "group pack:kafka-producer;kafka-producer is loaded twice; list the file once")
	set, err := rules.NewSet([]rules.Source{{File: f}}, rules.SetOptions{})
	require.NoError(t, err)
	require.Equal(t, []settings.Name{
		settings.ProducerLingerMs, settings.ProducerBatchSize, settings.ProducerRequestTimeoutMs, settings.ProducerRetryBackoffMs, settings.ProducerBufferMemory,
	}, set.Settings())
	require.Equal(t, time.Minute, set.LongestRange())
}
