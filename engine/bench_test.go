package engine_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

// BenchmarkClaim is one claim at a time from HTTP to the log and back, by linger: it waits for linger twice, once for its
// command and once for its event.
func BenchmarkClaim(b *testing.B) {
	for _, linger := range []int64{0, 1, 2, 5} {
		b.Run(fmt.Sprintf("linger=%dms", linger), func(b *testing.B) {
			kafka, err := kfake.NewCluster(kfake.NumBrokers(1))
			require.NoError(b, err)
			b.Cleanup(kafka.Close)
			one := start(b, kafka.ListenAddrs(), "one", func(o *engine.Options) {
				o.Runtime, err = live.NewRuntime(live.RuntimeOptions{
					ClientID: "bench", Registerer: prometheus.NewRegistry(),
					Base: settings.Values{settings.ProducerLingerMs: settings.Number(linger)},
				})
				require.NoError(b, err)
			})
			c := client(b)
			id := newHunt(b, c, one.url, 1, 1)
			var took []time.Duration
			for b.Loop() {
				begin := time.Now()
				status, answer := post(b, c, one.url+"/v1/hunts/"+id+"/claims", "", claim("p0", "t0", "anchor"))
				took = append(took, time.Since(begin))
				require.Equal(b, http.StatusOK, status, answer)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
