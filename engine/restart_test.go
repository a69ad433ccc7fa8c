package engine_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/engine"
)

// An instance leaves snapshots behind. The next one begins with them, reads only the events after them, and knows everything
// that the first one knew: who has won, what was guessed, and which answers were given to which keys.
func TestTheNextInstanceBeginsWithASnapshot(t *testing.T) {
	cluster := cluster(t)
	often := func(o *engine.Options) { o.Partitions, o.SnapshotEvery = 1, 50 }
	one := start(t, cluster.ListenAddrs(), "one", often)
	c := client(t)
	id := newHunt(t, c, one.url, 3, 2)
	path := "/v1/hunts/" + id
	status, _ := post(t, c, one.url+path+"/claims", "first", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)
	status, _ = post(t, c, one.url+path+"/claims", "guess", claim("p1", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	for i := range 60 {
		status, _ = post(t, c, one.url+path+"/moves", fmt.Sprint("m", i), map[string]any{"player": "p0", "x": i, "y": 1})
		require.Equal(t, http.StatusOK, status)
	}
	const events = 1 + 2 + 2 + 60
	written := func() bool {
		other := run(t, cluster.ListenAddrs(), "other", often)
		defer other.stop()
		require.Eventually(t, other.engine.Ready, time.Minute, 5*time.Millisecond)
		// It reads each event twice at most, for its view and its referee; of a snapshot's, only the last.
		return value(t, other, "kafka_consumer_records_consumed_total", "hunt.events") < events
	}
	require.Eventually(t, written, time.Minute, 100*time.Millisecond)
	one.stop()

	two := start(t, cluster.ListenAddrs(), "two", often)
	require.Less(t, value(t, two, "kafka_consumer_records_consumed_total", "hunt.events"), float64(events))
	require.Equal(t, map[string]int{"p0": 10, "p1": 0}, points(t, c, two.url, id))
	status, _ = post(t, c, two.url+path+"/claims", "first", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status, "the key's former answer")
	status, answer := post(t, c, two.url+path+"/claims", "first", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Equal(t, "command_id_reused", answer["reason"])
	status, _ = post(t, c, two.url+path+"/claims", "", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusConflict, status)
	status, answer = post(t, c, two.url+path+"/claims", "guess", claim("p1", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.InDelta(t, 4, answer["attempts_left"], 0)
	status, answer = post(t, c, two.url+path+"/claims", "", claim("p1", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.InDelta(t, 3, answer["attempts_left"], 0)

	// Who follows the events and comes back from before the snapshot is told that there is a gap.
	next, stop := follow(t, c, two.url+path+"/events", "1")
	defer stop()
	require.Equal(t, "reset", next().name)
}
