package engine_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/engine"
)

// A whole game over HTTP, through Kafka and back, at two instances: what one was told the other knows.
func TestAGameOverTwoInstances(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	two := start(t, kafka.ListenAddrs(), "two", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 2, 2)
	hunt := "/v1/hunts/" + id
	require.Eventually(t, func() bool { return len(points(t, c, two.url, id)) == 2 }, time.Minute, 10*time.Millisecond)

	status, answer := post(t, c, two.url+hunt+"/claims", "", claim("p0", "t0", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Equal(t, "wrong", answer["outcome"])
	status, answer = post(t, c, two.url+hunt+"/claims", "", claim("p0", "t0", " Anchor "))
	require.Equal(t, http.StatusOK, status)
	require.InDelta(t, 10, answer["points"], 0)
	status, answer = post(t, c, one.url+hunt+"/claims", "", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, "taken", answer["outcome"])

	for path, want := range map[string]int{"/v1/hunts/none/leaderboard": http.StatusNotFound, hunt: http.StatusOK} {
		status, _ = get(t, c, one.url+path)
		require.Equal(t, want, status)
	}
	status, answer = post(t, c, one.url+"/v1/hunts/none/claims", "", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "no_such_hunt", answer["reason"])
	status, _ = post(t, c, one.url+hunt+"/claims", "", map[string]any{"plyer": "p0"})
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = post(t, c, one.url+hunt+"/moves", "", map[string]any{"player": "p0", "x": 1.5, "y": 2})
	require.Equal(t, http.StatusOK, status)
	status, _ = post(t, c, one.url+hunt+"/finish", "", struct{}{})
	require.Equal(t, http.StatusOK, status)
	status, answer = post(t, c, one.url+hunt+"/claims", "", claim("p1", "t1", "anchor"))
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, "over", answer["reason"])
}

// Many players claim one treasure at two instances at once: one is told that he has won, all others that it is taken.
func TestOneWinnerHoweverManyClaimAtOnce(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	two := start(t, kafka.ListenAddrs(), "two", nil)
	c := client(t)
	const players = 20
	id := newHunt(t, c, one.url, 1, players)

	var mu sync.Mutex
	answers := map[int]int{}
	var claims sync.WaitGroup
	for i := range players {
		url := []string{one.url, two.url}[i%2]
		claims.Go(func() {
			status, _, err := send(t.Context(), c, http.MethodPost, url+"/v1/hunts/"+id+"/claims", "", claim(fmt.Sprint("p", i), "t0", "anchor"))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			answers[status]++
			mu.Unlock()
		})
	}
	claims.Wait()

	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusConflict: players - 1}, answers)
}

// A repeated request with the same key gets the same answer and changes nothing.
func TestARepeatedRequestGetsTheSameAnswer(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 1, 2)
	url := one.url + "/v1/hunts/" + id + "/claims"
	for range 3 {
		status, answer := post(t, c, url, "guess", claim("p0", "t0", "rope"))
		require.Equal(t, http.StatusUnprocessableEntity, status)
		require.Equal(t, "wrong", answer["outcome"])
	}
	status, _ := post(t, c, url, "", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]int{"p0": 10, "p1": 0}, points(t, c, one.url, id))
}

// An instance is stopped while claims come in at the other. What was acknowledged stays, and claims go on.
func TestNothingAcknowledgedIsLostWhenAnInstanceStops(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", nil)
	two := start(t, kafka.ListenAddrs(), "two", nil)
	c := client(t)
	const treasures = 60
	id := newHunt(t, c, one.url, treasures, 1)

	won := 0
	for i := range treasures {
		if i == treasures/2 {
			one.stop()
		}
		status, answer := post(t, c, two.url+"/v1/hunts/"+id+"/claims", fmt.Sprint("c", i), claim("p0", fmt.Sprint("t", i), "anchor"))
		require.Equal(t, http.StatusOK, status, answer)
		won++
	}

	require.Equal(t, 10*won, points(t, c, two.url, id)["p0"])
	three := start(t, kafka.ListenAddrs(), "three", nil)
	require.Equal(t, 10*won, points(t, c, three.url, id)["p0"], "a new instance reads it all from the log")
}

// While Kafka takes nothing, a claim is answered with 504 at its deadline, and counted; and one more than may wait with 503.
func TestAClaimIsAnsweredAtItsDeadline(t *testing.T) {
	kafka := cluster(t)
	one := start(t, kafka.ListenAddrs(), "one", func(o *engine.Options) { o.Deadline, o.MaxWaiting = 3*time.Second, 1 })
	c := client(t)
	id := newHunt(t, c, one.url, 1, 1)
	var down atomic.Bool
	down.Store(true)
	kafka.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		kafka.KeepControl()
		return refuseProduce(req), nil, down.Load()
	})
	late := make(chan int, 1)
	go func() {
		status, _, err := send(t.Context(), c, http.MethodPost, one.url+"/v1/hunts/"+id+"/claims", "late", claim("p0", "t0", "anchor"))
		if err != nil {
			t.Error(err)
		}
		late <- status
	}()
	require.Eventually(t, func() bool { return value(t, one, "hunt_waiting_requests") == 1 }, time.Minute, time.Millisecond)
	status, _ := post(t, c, one.url+"/v1/hunts/"+id+"/claims", "crowd", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, http.StatusGatewayTimeout, <-late)
	down.Store(false)

	// The claim that was late takes effect once Kafka is back, and its key gets the answer.
	require.Eventually(t, func() bool {
		status, _ := post(t, c, one.url+"/v1/hunts/"+id+"/claims", "late", claim("p0", "t0", "anchor"))
		return status == http.StatusOK
	}, time.Minute, 10*time.Millisecond)
	require.InDelta(t, 1, value(t, one, "hunt_claims_total", "timeout"), 0)
	require.InDelta(t, 1, value(t, one, "hunt_claims_total", "overload"), 0)
	problems, err := testutil.GatherAndLint(one.metrics)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// value returns the sum of a metric's series that have one of the label values, or of all if none are given.
func value(t *testing.T, i *instance, name string, labels ...string) float64 {
	t.Helper()
	families, err := i.metrics.Gather()
	require.NoError(t, err)
	var sum float64
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if len(labels) == 0 || slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return slices.Contains(labels, l.GetValue()) }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// refuseProduce answers every partition with an error that producers retry.
func refuseProduce(req kmsg.Request) kmsg.Response {
	r, _ := req.(*kmsg.ProduceRequest)
	resp, _ := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range r.Topics {
		t := kmsg.NewProduceResponseTopic()
		t.Topic = topic.Topic
		for _, p := range topic.Partitions {
			answer := kmsg.NewProduceResponseTopicPartition()
			answer.Partition, answer.ErrorCode = p.Partition, kerr.NotEnoughReplicas.Code
			t.Partitions = append(t.Partitions, answer)
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

// A topic with another number of partitions is refused, because commands and events of a hunt would part.
func TestTopicsThatDoNotFitAreRefused(t *testing.T) {
	kafka := cluster(t)
	start(t, kafka.ListenAddrs(), "one", nil).stop()
	e := wrongPartitions(t, kafka.ListenAddrs())
	require.ErrorContains(t, e.Run(t.Context()), "has 3 partitions, configured are 5")
}
