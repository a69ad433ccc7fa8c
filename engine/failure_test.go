package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/engine"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

// An instance is gone after it wrote its events and before any offset was committed. The next one gets every command again,
// knows them all by their ids, and changes nothing.
func TestCommandsThatComeAgainChangeNothing(t *testing.T) {
	cluster := cluster(t)
	var commits atomic.Bool
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return refuseCommit(req), nil, !commits.Load()
	})
	one := start(t, cluster.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 2, 2)
	path := "/v1/hunts/" + id + "/claims"
	status, answer := post(t, c, one.url+path, "", claim("p0", "t0", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.InDelta(t, 4, answer["attempts_left"], 0)
	status, _ = post(t, c, one.url+path, "", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)
	status, _ = post(t, c, one.url+path, "", claim("p0", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	one.stop()
	commits.Store(true)

	two := start(t, cluster.ListenAddrs(), "two", nil)
	const commands = 1 + 2 + 3
	require.Eventually(t, func() bool {
		return value(t, two, "kafka_consumer_records_consumed_total", "hunt.commands") == commands
	}, time.Minute, 10*time.Millisecond, "the commands come again")

	require.Equal(t, map[string]int{"p0": 0, "p1": 10}, points(t, c, two.url, id))
	status, answer = post(t, c, two.url+path, "", claim("p0", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.InDelta(t, 3, answer["attempts_left"], 0, "the guess that came again cost no attempt")
}

// An instance is stopped in order, with everything committed. The next one decides from what it reads in the events, and from
// nothing else.
func TestTheNextRefereeKnowsWhatHappened(t *testing.T) {
	cluster := cluster(t)
	one := start(t, cluster.ListenAddrs(), "one", nil)
	c := client(t)
	id := newHunt(t, c, one.url, 2, 2)
	path := "/v1/hunts/" + id + "/claims"
	status, _ := post(t, c, one.url+path, "first", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)
	status, _ = post(t, c, one.url+path, "", claim("p1", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	one.stop()

	two := start(t, cluster.ListenAddrs(), "two", nil)
	status, answer := post(t, c, two.url+path, "", claim("p1", "t0", "anchor"))
	require.Equal(t, http.StatusConflict, status, answer)
	status, answer = post(t, c, two.url+path, "", claim("p1", "t1", "rope"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.InDelta(t, 3, answer["attempts_left"], 0)
	require.InDelta(t, 2, value(t, two, "kafka_consumer_records_consumed_total", "hunt.commands"), 0, "no command came again")
	status, _ = post(t, c, two.url+path, "first", claim("p0", "t0", "anchor"))
	require.Equal(t, http.StatusOK, status)
}

// refuseCommit answers every partition with an error.
func refuseCommit(req kmsg.Request) kmsg.Response {
	r, _ := req.(*kmsg.OffsetCommitRequest)
	resp, _ := req.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, topic := range r.Topics {
		t := kmsg.NewOffsetCommitResponseTopic()
		t.Topic = topic.Topic
		for _, p := range topic.Partitions {
			answer := kmsg.NewOffsetCommitResponseTopicPartition()
			answer.Partition, answer.ErrorCode = p.Partition, kerr.CoordinatorNotAvailable.Code
			t.Partitions = append(t.Partitions, answer)
		}
		resp.Topics = append(resp.Topics, t)
	}
	return resp
}

// Players claim at both instances at once, and one is stopped in the middle. They ask the other again with the same key, as
// clients do. Whoever was told that he has won has it on the other's leaderboard, and nobody else was told so.
func TestNoAcknowledgedClaimIsLostUnderLoad(t *testing.T) {
	cluster := cluster(t)
	one := start(t, cluster.ListenAddrs(), "one", nil)
	two := start(t, cluster.ListenAddrs(), "two", nil)
	c := client(t)
	const treasures, players = 40, 4
	id := newHunt(t, c, one.url, treasures, players)

	var (
		mu      sync.Mutex
		winners = map[string][]string{}
		playing sync.WaitGroup
		halfway = make(chan struct{})
		claims  atomic.Int64
	)
	for p := range players {
		playing.Go(func() {
			for i := range treasures {
				player, treasure := fmt.Sprint("p", p), fmt.Sprint("t", i)
				won, err := persist(t.Context(), c, []string{one.url, two.url}, (p+i)%2, id, claim(player, treasure, "anchor"))
				if err != nil {
					t.Error(err)
				}
				if won {
					mu.Lock()
					winners[treasure] = append(winners[treasure], player)
					mu.Unlock()
				}
				if claims.Add(1) == treasures*players/2 {
					close(halfway)
				}
			}
		})
	}
	<-halfway
	one.stop()
	playing.Wait()

	want := map[string]int{"p0": 0, "p1": 0, "p2": 0, "p3": 0}
	for treasure, who := range winners {
		require.Len(t, who, 1, treasure)
		want[who[0]] += 10
	}
	require.Len(t, winners, treasures)
	require.Equal(t, want, points(t, c, two.url, id))
}

// persist claims until the game has answered, at one instance and the other in turn, with one key.
func persist(ctx context.Context, c *http.Client, urls []string, at int, hunt string, body map[string]any) (won bool, err error) {
	key := fmt.Sprint(body["player"], "-", body["treasure"])
	for try := range 20 {
		status, answer, err := send(ctx, c, http.MethodPost, urls[(at+try)%len(urls)]+"/v1/hunts/"+hunt+"/claims", key, body)
		switch {
		case err != nil, status == http.StatusGatewayTimeout, status == http.StatusServiceUnavailable:
			continue // stopping, or too late: ask the other one
		case status == http.StatusOK:
			return true, nil
		case status == http.StatusConflict:
			return false, nil
		}
		return false, fmt.Errorf("claim %s: status %d: %v", key, status, answer)
	}
	return false, fmt.Errorf("claim %s: no answer after many tries", key)
}

// While Kafka takes no events, commands wait for the referee, and its lag says so.
func TestTheRefereesLagIsSeen(t *testing.T) {
	cluster := cluster(t)
	one := start(t, cluster.ListenAddrs(), "one", func(o *engine.Options) { o.Deadline = 200 * time.Millisecond })
	c := client(t)
	var down atomic.Bool
	down.Store(true)
	cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		r, _ := req.(*kmsg.ProduceRequest)
		for _, topic := range r.Topics {
			if topic.Topic == "hunt.events" && down.Load() {
				return refuseProduce(req), nil, true
			}
		}
		return nil, nil, false
	})
	status, _ := post(t, c, one.url+"/v1/hunts/none/finish", "k", struct{}{})
	require.Equal(t, http.StatusGatewayTimeout, status)
	require.Eventually(t, func() bool { return value(t, one, "hunt_referee_lag_records") == 1 }, time.Minute, 5*time.Millisecond)
	down.Store(false)
	require.Eventually(t, func() bool { return value(t, one, "hunt_referee_lag_records") == 0 }, time.Minute, 5*time.Millisecond)
	require.Eventually(t, func() bool { return value(t, one, "hunt_view_lag_records") == 0 }, time.Minute, 5*time.Millisecond)
}

// When Kafka takes nothing and the producer's buffer is full, a request is turned away at once and told when to come back.
func TestAFullBufferTurnsRequestsAway(t *testing.T) {
	cluster := cluster(t)
	one := start(t, cluster.ListenAddrs(), "one", func(o *engine.Options) {
		registry := prometheus.NewRegistry()
		var err error
		o.Runtime, err = live.NewRuntime(live.RuntimeOptions{ClientID: "small", Registerer: registry, Base: settings.Values{
			settings.ProducerBufferMemory: settings.Number(1 << 20), settings.ProducerLingerMs: settings.Number(1),
			settings.ProducerDeliveryTimeoutMs: settings.Number(2000), settings.ProducerRequestTimeoutMs: settings.Number(1000),
		}})
		require.NoError(t, err)
		o.Deadline = 100 * time.Millisecond
	})
	c := client(t)
	cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return refuseProduce(req), nil, true
	})
	plan := map[string]any{"name": "n", "starts": time.Now(), "ends": time.Now().Add(time.Hour)}
	var list []map[string]any
	for i := range 300 {
		list = append(list, map[string]any{"id": fmt.Sprint("t", i), "clue": strings.Repeat("x", 900), "answer": "a"})
	}
	plan["treasures"] = list
	require.Eventually(t, func() bool {
		status, _ := post(t, c, one.url+"/v1/hunts", "", plan)
		return status == http.StatusServiceUnavailable
	}, time.Minute, time.Millisecond)
	require.InDelta(t, 1, float64(requests(t, one, "hunts", "overload")), 0)
}

// requests returns how many requests of a route had an outcome.
func requests(t *testing.T, i *instance, route, outcome string) uint64 {
	t.Helper()
	families, err := i.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			l := m.GetLabel()
			if f.GetName() == "hunt_http_request_duration_seconds" && l[0].GetValue() == outcome && l[1].GetValue() == route {
				return m.GetHistogram().GetSampleCount()
			}
		}
	}
	return 0
}

// The events are the only place where the hunts are, so Kafka must keep them; a topic that wouldn't is refused.
func TestEventsAreKeptForEver(t *testing.T) {
	cluster := cluster(t)
	start(t, cluster.ListenAddrs(), "one", nil).stop()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	k := &kafka.Client{Addr: kafka.TCP(cluster.ListenAddrs()...), Transport: transport}
	described, err := k.DescribeConfigs(t.Context(), &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: "hunt.events", ConfigNames: []string{"retention.ms"},
	}}})
	require.NoError(t, err)
	require.Equal(t, "-1", described.Resources[0].ConfigEntries[0].ConfigValue)

	_, err = k.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: "compacted", NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "compact"}},
	}}})
	require.NoError(t, err)
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "refused"})
	require.NoError(t, err)
	e, err := engine.New(engine.Options{Brokers: cluster.ListenAddrs(), Runtime: runtime, Instance: "refused", Partitions: 3, Events: "compacted"})
	require.NoError(t, err)
	require.ErrorContains(t, e.Run(t.Context()), "keeps only the last event of a hunt")
}
