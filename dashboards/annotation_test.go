package dashboards_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/util/teststorage"
	"github.com/stretchr/testify/require"
)

// A change is marked once, with the new value, whether one instance or all of them have it; neither the start of an
// application nor an instance that joins is a change.
func TestASettingsChangeIsMarkedOnceWithItsValue(t *testing.T) {
	storage := promqltest.LoadedStorage(t, `load 15s
  veltrix_setting_value{job="hunt", instance="a", client_id="hunt", setting="producer.linger.ms"}  _ 1000 1000 63   63 1000 1000 1000
  veltrix_setting_value{job="hunt", instance="b", client_id="hunt", setting="producer.linger.ms"}  _ 1000 1000 1000 63 63   1000 1000
  veltrix_setting_value{job="hunt", instance="c", client_id="hunt", setting="producer.linger.ms"}  _ _    _    _    _  _    _    1000
  veltrix_setting_value{job="hunt", instance="a", client_id="hunt", setting="producer.acks"}       _ 0    0    0    0  0    0    0
`)
	t.Cleanup(func() { require.NoError(t, storage.Close()) })
	require.Equal(t, []string{
		"45s producer.linger.ms = 63",
		"1m15s producer.linger.ms = 1000", // taken back
	}, marked(t, storage, "Settings changes", "setting", "value"))
}

func TestATakeBackAndARestartAreMarked(t *testing.T) {
	storage := promqltest.LoadedStorage(t, `load 15s
  veltrix_decisions_total{job="veltrix", instance="a", app="hunt", reason="TakenBackNoHelp"} 0 0 1 1 1 1
  veltrix_decisions_total{job="veltrix", instance="a", app="hunt", reason="Steady"}          0 1 2 3 4 5
  process_start_time_seconds{job="hunt", instance="a"}                                       7 7 7 7 52 52
`)
	t.Cleanup(func() { require.NoError(t, storage.Close()) })
	require.Equal(t, []string{"30s hunt = TakenBackNoHelp"}, marked(t, storage, "Taken back", "app", "reason"))
	require.Equal(t, []string{"1m0s hunt = a"}, marked(t, storage, "Restarts", "job", "instance"))
}

// marked runs an annotation of the overview over two minutes in steps of 15 s and returns its events with two of their labels.
func marked(t *testing.T, storage *teststorage.TestStorage, name, first, second string) []string {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 10000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{}),
	})
	var found []string
	for at := time.Duration(0); at <= 2*time.Minute; at += 15 * time.Second {
		expr := strings.NewReplacer("$__interval", "15s", "$job", ".+", "$instance", ".+", "$app", ".+", "$client_id", ".+").
			Replace(annotation(t, name))
		q, err := engine.NewInstantQuery(t.Context(), storage, nil, expr, time.UnixMilli(0).Add(at))
		require.NoError(t, err)
		result := q.Exec(t.Context())
		require.NoError(t, result.Err)
		vector, err := result.Vector()
		require.NoError(t, err)
		for _, s := range vector {
			require.Positive(t, s.F, "Grafana shows values above 0 alone; %s", s)
			found = append(found, at.String()+" "+s.Metric.Get(first)+" = "+s.Metric.Get(second))
		}
		q.Close()
	}
	return found
}

func annotation(t *testing.T, name string) string {
	t.Helper()
	for _, s := range files(t) {
		for i, a := range s.Annotations.List[1:] {
			if a.Name == name {
				return s.marks()[i]
			}
		}
	}
	t.Fatalf("there is no annotation %s", name)
	return ""
}
